/** Place in a SortedList; valid until the list changes. */
export interface Place {
  readonly chunk: number;
  readonly offset: number;
}

/** More items a chunk make inserting slower, fewer make the list of chunks longer. */
const chunkMax = 512;

/**
 * Items in order, in chunks of some hundred: inserting and removing cost two binary searches and a short move.
 * No two items compare as equal.
 */
export class SortedList<T> {
  private readonly chunks: T[][] = [];
  private count = 0;

  constructor(private readonly compare: (a: T, b: T) => number) {}

  get size(): number {
    return this.count;
  }

  insert(item: T): void {
    const { chunk: index, offset } = this.find((other) => this.compare(other, item));
    const chunk = this.chunks[index];
    this.count++;
    if (!chunk) {
      const last = this.chunks.at(-1);
      if (last && last.length < chunkMax) last.push(item);
      else this.chunks.push([item]);
      return;
    }
    chunk.splice(offset, 0, item);
    if (chunk.length > chunkMax) this.chunks.splice(index + 1, 0, chunk.splice(chunk.length >> 1));
  }

  /** The item must be there. */
  remove(item: T): void {
    const { chunk: index, offset } = this.find((other) => this.compare(other, item));
    const chunk = this.chunks[index];
    if (!chunk || this.compare(chunk[offset] as T, item) !== 0)
      throw new Error('a sorted list lost an item: its key changed');
    chunk.splice(offset, 1);
    this.count--;
    if (chunk.length === 0) this.chunks.splice(index, 1);
    else this.mergeSmall(index);
  }

  /**
   * Place of the first item that does not lie before the place looked for.
   * @param probe  negative for items that lie before it
   */
  find(probe: (item: T) => number): Place {
    const index = firstIndex(this.chunks.length, (i) => {
      const chunk = this.chunks[i] ?? [];
      return probe(chunk[chunk.length - 1] as T) >= 0;
    });
    const chunk = this.chunks[index] ?? [];
    return { chunk: index, offset: firstIndex(chunk.length, (i) => probe(chunk[i] as T) >= 0) };
  }

  /** Calls back from the place on, the item there first, until `visit` gives false. */
  forward(from: Place, visit: (item: T) => boolean): void {
    let offset = from.offset;
    for (let i = from.chunk; i < this.chunks.length; i++) {
      const chunk = this.chunks[i] ?? [];
      for (; offset < chunk.length; offset++) if (!visit(chunk[offset] as T)) return;
      offset = 0;
    }
  }

  /** Calls back from the item before the place on, to the front, until `visit` gives false. */
  backward(from: Place, visit: (item: T) => boolean): void {
    let offset = from.offset - 1;
    for (let i = from.chunk; i >= 0; i--) {
      const chunk = this.chunks[i] ?? [];
      for (; offset >= 0; offset--) if (!visit(chunk[offset] as T)) return;
      offset = (this.chunks[i - 1]?.length ?? 0) - 1;
    }
  }

  private mergeSmall(index: number): void {
    const chunk = this.chunks[index];
    const next = this.chunks[index + 1];
    if (!chunk || !next || chunk.length + next.length > chunkMax >> 1) return;
    chunk.push(...next);
    this.chunks.splice(index + 1, 1);
  }
}

export const front: Place = { chunk: 0, offset: 0 };

/** First index that passes, length if none does; those that pass follow those that don't. */
function firstIndex(length: number, passes: (index: number) => boolean): number {
  let from = 0;
  let to = length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (passes(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
