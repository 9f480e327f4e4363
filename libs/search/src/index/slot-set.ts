import { type Bits, chunkSlots, chunkWords, popCount } from './bits';

/**
 * A set of slots that is cheap to change in place: per 65,536 slots a sorted list of them while they are few, a bitmap
 * once that is smaller (the containers of Roaring bitmaps). An empty set holds no memory but itself.
 */
export class SlotSet {
  private readonly chunks: (Chunk | undefined)[] = [];
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** False if it was there. */
  add(slot: number): boolean {
    const place = slot >>> 16;
    while (this.chunks.length <= place) this.chunks.push(undefined);
    const chunk = this.chunks[place];
    if (!chunk) this.chunks[place] = newList(slot & 0xffff);
    else {
      if (!addToChunk(chunk, slot & 0xffff)) return false;
      if (!chunk.bitmap && chunk.count > listMax) this.chunks[place] = toBitmap(chunk);
    }
    this.count++;
    return true;
  }

  /** False if it was not there. */
  remove(slot: number): boolean {
    const place = slot >>> 16;
    const chunk = this.chunks[place];
    if (!chunk || !removeFromChunk(chunk, slot & 0xffff)) return false;
    if (chunk.count === 0) this.chunks[place] = undefined;
    else if (chunk.bitmap && chunk.count < bitmapMin) this.chunks[place] = toList(chunk);
    this.count--;
    return true;
  }

  /** Adds those of the set that lie in scope to the target. */
  addTo(target: Bits, scope: Bits): void {
    for (let place = 0; place < this.chunks.length; place++) {
      const chunk = this.chunks[place];
      if (chunk?.bitmap) addBitmap(chunk.bitmap, place * chunkWords, target, scope);
      else if (chunk) addList(chunk, place * chunkWords, target, scope);
    }
  }
}

/** Lists of more than this take more room than a bitmap; bitmaps turn back well below, so as not to flap. */
const listMax = chunkSlots / 16;
const bitmapMin = listMax / 2;

type Chunk =
  | { bitmap: null; list: Uint16Array; count: number }
  | { readonly bitmap: Uint32Array; readonly list: null; count: number };
type ListChunk = Extract<Chunk, { bitmap: null }>;
type BitmapChunk = Extract<Chunk, { list: null }>;

function newList(low: number): ListChunk {
  return { bitmap: null, list: Uint16Array.of(low), count: 1 };
}

function lowerBound({ list, count }: ListChunk, low: number): number {
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((list[middle] ?? 0) < low) from = middle + 1;
    else to = middle;
  }
  return from;
}

function addToChunk(chunk: Chunk, low: number): boolean {
  if (chunk.bitmap) {
    const word = chunk.bitmap[low >>> 5] ?? 0;
    const bit = 1 << (low & 31);
    if ((word & bit) !== 0) return false;
    chunk.bitmap[low >>> 5] = word | bit;
  } else {
    const at = lowerBound(chunk, low);
    if (at < chunk.count && chunk.list[at] === low) return false;
    if (chunk.count === chunk.list.length) chunk.list = resized(chunk.list, Math.min(listMax + 1, 2 * chunk.count));
    chunk.list.copyWithin(at + 1, at, chunk.count);
    chunk.list[at] = low;
  }
  chunk.count++;
  return true;
}

function removeFromChunk(chunk: Chunk, low: number): boolean {
  if (chunk.bitmap) {
    const word = chunk.bitmap[low >>> 5] ?? 0;
    const bit = 1 << (low & 31);
    if ((word & bit) === 0) return false;
    chunk.bitmap[low >>> 5] = word & ~bit;
  } else {
    const at = lowerBound(chunk, low);
    if (at >= chunk.count || chunk.list[at] !== low) return false;
    chunk.list.copyWithin(at, at + 1, chunk.count);
    if (chunk.count * 4 < chunk.list.length) chunk.list = resized(chunk.list, chunk.list.length >>> 1);
  }
  chunk.count--;
  return true;
}

function resized(list: Uint16Array, length: number): Uint16Array {
  const result = new Uint16Array(length);
  result.set(list.length > length ? list.subarray(0, length) : list);
  return result;
}

function toBitmap({ list, count }: ListChunk): BitmapChunk {
  const bitmap = new Uint32Array(chunkWords);
  for (let i = 0; i < count; i++) {
    const low = list[i] ?? 0;
    bitmap[low >>> 5] = (bitmap[low >>> 5] ?? 0) | (1 << (low & 31));
  }
  return { bitmap, list: null, count };
}

function toList({ bitmap, count }: BitmapChunk): ListChunk {
  const list = new Uint16Array(count);
  let at = 0;
  for (let i = 0; i < bitmap.length; i++) {
    let word = bitmap[i] ?? 0;
    for (let left = popCount(word); left > 0; left--) {
      const lowest = word & -word;
      list[at++] = (i << 5) + (31 - Math.clz32(lowest));
      word ^= lowest;
    }
  }
  return { bitmap: null, list, count };
}

function addBitmap(bitmap: Uint32Array, offset: number, target: Bits, scope: Bits): void {
  const end = Math.min(bitmap.length, target.length - offset);
  for (let i = 0; i < end; i++) {
    const word = (bitmap[i] ?? 0) & (scope[offset + i] ?? 0);
    if (word !== 0) target[offset + i] = (target[offset + i] ?? 0) | word;
  }
}

function addList({ list, count }: ListChunk, offset: number, target: Bits, scope: Bits): void {
  for (let i = 0; i < count; i++) {
    const low = list[i] ?? 0;
    const word = offset + (low >>> 5);
    target[word] = (target[word] ?? 0) | ((scope[word] ?? 0) & (1 << (low & 31)));
  }
}
