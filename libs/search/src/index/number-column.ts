import type { Bits } from './bits';

/** A word of Bits with every slot in it. */
const allSlots = 0xffffffff;

/** Values of one integer or date field by slot; NaN where a document has none. */
export class NumberColumn {
  private values = new Float64Array(0);

  constructor(readonly kind: 'integer' | 'date') {}

  set(slot: number, value: number | undefined): void {
    if (slot >= this.values.length) this.grow(slot + 1);
    this.values[slot] = value ?? Number.NaN;
  }

  /** Adds the documents of the scope with a value between these, both inclusive, to the target. */
  addBetween(target: Bits, scope: Bits, min: number, max: number): void {
    const { values } = this;
    for (let i = 0; i < scope.length; i++) {
      let left = scope[i] ?? 0;
      let word = 0;
      if (left === allSlots && (i + 1) << 5 <= values.length) {
        for (let bit = 0, slot = i << 5; bit < 32; bit++, slot++) {
          const value = values[slot] as number; // within the length, as just seen
          word |= isBetween(value, min, max) << bit;
        }
        left = 0;
      }
      while (left !== 0) {
        const lowest = left & -left;
        const value = values[(i << 5) + (31 - Math.clz32(lowest))] ?? Number.NaN;
        word |= -isBetween(value, min, max) & lowest;
        left ^= lowest;
      }
      if (word !== 0) target[i] = (target[i] ?? 0) | word;
    }
  }

  private grow(slots: number): void {
    const length = Math.max(1024, slots, 2 * this.values.length);
    const grown = new Float64Array(length).fill(Number.NaN);
    grown.set(this.values);
    this.values = grown;
  }
}

/** 1 or 0, without a branch: guessed wrong half the time, a branch would make a scan four times as long. */
function isBetween(value: number, min: number, max: number): number {
  return Number(value >= min) & Number(value <= max);
}
