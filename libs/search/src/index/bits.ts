/** Words of 32 slots. Slot s is bit s % 32 of word s / 32. All operands of an operation have the same length. */
export type Bits = Uint32Array;

/** Room for so many slots. */
export function emptyBits(slots: number): Bits {
  return new Uint32Array(Math.ceil(slots / 32));
}

export function hasBit(bits: Bits, slot: number): boolean {
  return (((bits[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1;
}

export function setBit(bits: Bits, slot: number): void {
  const word = slot >>> 5;
  bits[word] = (bits[word] ?? 0) | (1 << (slot & 31));
}

export function clearBit(bits: Bits, slot: number): void {
  const word = slot >>> 5;
  bits[word] = (bits[word] ?? 0) & ~(1 << (slot & 31));
}

export function countBits(bits: Bits): number {
  let count = 0;
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] ?? 0;
    if (word !== 0) count += popCount(word);
  }
  return count;
}

export function isEmpty(bits: Bits): boolean {
  for (let i = 0; i < bits.length; i++) if (bits[i] !== 0) return false;
  return true;
}

/** Calls back in rising order. */
export function forEachBit(bits: Bits, visit: (slot: number) => void): void {
  for (let i = 0; i < bits.length; i++) {
    let word = bits[i] ?? 0;
    while (word !== 0) {
      const lowest = word & -word;
      visit((i << 5) + (31 - Math.clz32(lowest)));
      word ^= lowest;
    }
  }
}

/** target without other, as new bits. */
export function without(target: Bits, other: Bits): Bits {
  const result = new Uint32Array(target.length);
  for (let i = 0; i < target.length; i++) result[i] = (target[i] ?? 0) & ~(other[i] ?? 0);
  return result;
}

function popCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
