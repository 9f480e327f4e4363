/** Place in a RecencyOrder, between two documents; valid until the order changes. */
export interface Place {
  readonly chunk: number;
  readonly offset: number;
}

/** More documents a chunk make inserting slower, fewer make the list of chunks longer. */
const chunkMax = 512;

interface Chunk {
  readonly sortKeys: Float64Array;
  readonly slots: Int32Array;
  count: number;
}

/**
 * Slots newest first: by sort key, falling, then by id, rising. They are kept the other way round, because what changes
 * becomes the newest, and adding to the end moves nothing. Numbers are compared before ids: ids lie all over memory.
 */
export class RecencyOrder {
  private readonly chunks: Chunk[] = [];
  /** The newest sort key of each chunk. */
  private readonly lastKeys: number[] = [];
  private readonly sortKeys: number[] = [];
  private readonly ids: string[] = [];
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The slot must not be there. */
  add(slot: number, sortKey: number, id: string): void {
    this.sortKeys[slot] = sortKey;
    this.ids[slot] = id;
    this.count++;
    let index = this.chunkOf(sortKey, id);
    let chunk = this.chunks[index];
    if (!chunk) {
      // The newest of all.
      index = this.chunks.length - 1;
      chunk = this.chunks[index];
      if (!chunk || chunk.count === chunkMax) {
        this.insertChunk(++index, newChunk([sortKey], [slot]));
        return;
      }
    }
    let offset = this.offsetIn(chunk, sortKey, id);
    if (chunk.count === chunkMax) {
      const newer = this.split(chunk, index);
      if (offset > chunk.count) {
        offset -= chunk.count;
        chunk = newer;
        index++;
      }
    }
    insertAt(chunk, offset, sortKey, slot);
    this.lastKeys[index] = chunk.sortKeys[chunk.count - 1] ?? 0;
  }

  /** The slot must be there. */
  remove(slot: number): void {
    const sortKey = this.sortKeys[slot] ?? 0;
    const id = this.ids[slot] ?? '';
    const index = this.chunkOf(sortKey, id);
    const chunk = this.chunks[index];
    const offset = chunk ? this.offsetIn(chunk, sortKey, id) : 0;
    if (!chunk || chunk.slots[offset] !== slot) throw new Error('the order lost a document');
    this.count--;
    this.ids[slot] = '';
    chunk.sortKeys.copyWithin(offset, offset + 1, chunk.count);
    chunk.slots.copyWithin(offset, offset + 1, chunk.count);
    chunk.count--;
    if (chunk.count === 0) this.removeChunk(index);
    else {
      this.lastKeys[index] = chunk.sortKeys[chunk.count - 1] ?? 0;
      this.mergeSmall(index);
    }
  }

  /** Negative if `a` lies before `b`. */
  compare(a: number, b: number): number {
    return this.compareTo(a, this.sortKeys[b] ?? 0, this.ids[b] ?? '');
  }

  /** Negative if the slot lies before such a document. */
  compareTo(slot: number, sortKey: number, id: string): number {
    const own = this.sortKeys[slot] ?? 0;
    if (own !== sortKey) return sortKey - own;
    const ownId = this.ids[slot] ?? '';
    return ownId < id ? -1 : ownId > id ? 1 : 0;
  }

  /** The place before the newest. */
  get front(): Place {
    return { chunk: this.chunks.length, offset: 0 };
  }

  /** The place before the first document that is such a one or lies after it. */
  at(sortKey: number, id: string): Place {
    const index = this.chunkOf(sortKey, id);
    const chunk = this.chunks[index];
    if (!chunk) return this.front;
    const offset = this.offsetIn(chunk, sortKey, id);
    const slot = chunk.slots[offset] ?? 0;
    return { chunk: index, offset: this.compareTo(slot, sortKey, id) === 0 ? offset + 1 : offset };
  }

  /** Calls back from the place on, towards the oldest, until `visit` gives false. */
  forward(from: Place, visit: (slot: number) => boolean): void {
    let offset = from.offset - 1;
    for (let i = from.chunk; i >= 0; i--) {
      const slots = this.chunks[i]?.slots;
      for (; slots && offset >= 0; offset--) if (!visit(slots[offset] ?? 0)) return;
      offset = (this.chunks[i - 1]?.count ?? 0) - 1;
    }
  }

  /** Calls back from the place on, towards the newest, until `visit` gives false. */
  backward(from: Place, visit: (slot: number) => boolean): void {
    let offset = from.offset;
    for (let i = from.chunk; i < this.chunks.length; i++) {
      const chunk = this.chunks[i];
      for (; chunk && offset < chunk.count; offset++) if (!visit(chunk.slots[offset] ?? 0)) return;
      offset = 0;
    }
  }

  /** First chunk with such a document or a newer one; the count of chunks if there is none. */
  private chunkOf(sortKey: number, id: string): number {
    const { lastKeys } = this;
    let from = 0;
    let to = lastKeys.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const key = lastKeys[middle] ?? 0;
      if (key < sortKey || (key === sortKey && this.isOlder(this.lastSlot(middle), id))) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** First place in the chunk with such a document or a newer one. */
  private offsetIn({ sortKeys, slots, count }: Chunk, sortKey: number, id: string): number {
    let from = 0;
    let to = count;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const key = sortKeys[middle] ?? 0;
      if (key < sortKey || (key === sortKey && this.isOlder(slots[middle] ?? 0, id))) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Whether the slot lies after a document of the same sort key. */
  private isOlder(slot: number, id: string): boolean {
    return (this.ids[slot] ?? '') > id;
  }

  private lastSlot(index: number): number {
    const chunk = this.chunks[index];
    return chunk?.slots[chunk.count - 1] ?? 0;
  }

  /** Moves the newer half of a full chunk to one of its own. */
  private split(chunk: Chunk, index: number): Chunk {
    const half = chunkMax >>> 1;
    const newer = newChunk(chunk.sortKeys.subarray(half), chunk.slots.subarray(half));
    chunk.count = half;
    this.lastKeys[index] = chunk.sortKeys[half - 1] ?? 0;
    this.insertChunk(index + 1, newer);
    return newer;
  }

  private insertChunk(index: number, chunk: Chunk): void {
    this.chunks.splice(index, 0, chunk);
    this.lastKeys.splice(index, 0, chunk.sortKeys[chunk.count - 1] ?? 0);
  }

  private removeChunk(index: number): void {
    this.chunks.splice(index, 1);
    this.lastKeys.splice(index, 1);
  }

  private mergeSmall(index: number): void {
    const chunk = this.chunks[index];
    const next = this.chunks[index + 1];
    if (!chunk || !next || chunk.count + next.count > chunkMax >> 1) return;
    chunk.sortKeys.set(next.sortKeys.subarray(0, next.count), chunk.count);
    chunk.slots.set(next.slots.subarray(0, next.count), chunk.count);
    chunk.count += next.count;
    this.lastKeys[index] = this.lastKeys[index + 1] ?? 0;
    this.removeChunk(index + 1);
  }
}

function newChunk(sortKeys: ArrayLike<number>, slots: ArrayLike<number>): Chunk {
  const chunk = { sortKeys: new Float64Array(chunkMax), slots: new Int32Array(chunkMax), count: slots.length };
  chunk.sortKeys.set(sortKeys);
  chunk.slots.set(slots);
  return chunk;
}

function insertAt(chunk: Chunk, offset: number, sortKey: number, slot: number): void {
  if (offset < chunk.count) {
    chunk.sortKeys.copyWithin(offset + 1, offset, chunk.count);
    chunk.slots.copyWithin(offset + 1, offset, chunk.count);
  }
  chunk.sortKeys[offset] = sortKey;
  chunk.slots[offset] = slot;
  chunk.count++;
}
