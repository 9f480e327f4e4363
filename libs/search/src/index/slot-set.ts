import { type Bits, clearBit, forEachBit, hasBit, setBit } from './bits';

/** A table has this length at least. Lengths are powers of two. */
const tableMin = 32;
/** A bitmap takes over from a table once there is a slot in so many: a half-full table takes as much memory then. */
const slotsPerBitmapEntry = 64;
/** It gives way well below, so as not to flap. */
const slotsPerTableEntry = 4 * slotsPerBitmapEntry;
const noWords = new Uint32Array(0);

/**
 * A set of slots that is cheap to change in place, wherever the slot lies: a hash table while they are few, a bitmap
 * once that is smaller. An empty set holds no memory but itself.
 */
export class SlotSet {
  /** The bitmap; or the table, of each slot + 1, 0 where there is none. */
  private words: Uint32Array = noWords;
  private isBitmap = false;
  private count = 0;
  /** All slots that were ever added are below. */
  private end = 0;

  get size(): number {
    return this.count;
  }

  /** False if it was there. */
  add(slot: number): boolean {
    if (slot >= this.end) this.end = slot + 1;
    if (this.isBitmap ? slot >>> 5 >= this.words.length : 2 * this.count >= this.words.length) this.makeRoom();
    if (this.isBitmap) {
      if (hasBit(this.words, slot)) return false;
      setBit(this.words, slot);
    } else if (!addToTable(this.words, slot)) return false;
    this.count++;
    return true;
  }

  /** False if it was not there. */
  remove(slot: number): boolean {
    if (this.isBitmap) {
      if (!hasBit(this.words, slot)) return false;
      clearBit(this.words, slot);
    } else if (!removeFromTable(this.words, slot)) return false;
    this.count--;
    if (this.count === 0) this.become(noWords, false);
    else if (this.isBitmap) {
      if (this.count * slotsPerTableEntry < this.end) this.become(tableOf(this.slots(), this.count), false);
    } else if (this.words.length > tableMin && 8 * this.count < this.words.length)
      this.become(tableOf(this.slots(), this.count), false);
    return true;
  }

  /** Adds those of the set that lie in scope to the target. */
  addTo(target: Bits, scope: Bits): void {
    const { words } = this;
    if (this.isBitmap) {
      const end = Math.min(words.length, target.length);
      for (let i = 0; i < end; i++) {
        const word = (words[i] ?? 0) & (scope[i] ?? 0);
        if (word !== 0) target[i] = (target[i] ?? 0) | word;
      }
      return;
    }
    for (let i = 0; i < words.length; i++) {
      const slot = (words[i] ?? 0) - 1;
      if (slot < 0) continue;
      const word = slot >>> 5;
      target[word] = (target[word] ?? 0) | ((scope[word] ?? 0) & (1 << (slot & 31)));
    }
  }

  private makeRoom(): void {
    if (this.isBitmap) {
      const longer = new Uint32Array(Math.max((this.end + 31) >>> 5, 2 * this.words.length));
      longer.set(this.words);
      this.words = longer;
    } else if (this.count > 0 && this.count * slotsPerBitmapEntry >= this.end) {
      const bitmap = new Uint32Array((this.end + 31) >>> 5);
      for (const slot of this.slots()) setBit(bitmap, slot);
      this.become(bitmap, true);
    } else this.become(tableOf(this.slots(), this.count + 1), false);
  }

  private become(words: Uint32Array, isBitmap: boolean): void {
    this.words = words;
    this.isBitmap = isBitmap;
  }

  private slots(): number[] {
    const slots: number[] = [];
    if (this.isBitmap) forEachBit(this.words, (slot) => slots.push(slot));
    else for (const held of this.words) if (held > 0) slots.push(held - 1);
    return slots;
  }
}

/** A table of the slots that so many fill to less than a half. */
function tableOf(slots: readonly number[], count: number): Uint32Array {
  let length = tableMin;
  while (length < 2 * count + 1) length *= 2;
  const table = new Uint32Array(length);
  for (const slot of slots) addToTable(table, slot);
  return table;
}

/** Where a search for the slot begins: by Fibonacci hashing, as slots come in rows. */
function homeOf(slot: number, mask: number): number {
  const mixed = Math.imul(slot, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & mask;
}

function addToTable(table: Uint32Array, slot: number): boolean {
  const mask = table.length - 1;
  let at = homeOf(slot, mask);
  for (let held = table[at]; held !== 0; held = table[at]) {
    if (held === slot + 1) return false;
    at = (at + 1) & mask;
  }
  table[at] = slot + 1;
  return true;
}

function removeFromTable(table: Uint32Array, slot: number): boolean {
  if (table.length === 0) return false;
  const mask = table.length - 1;
  let gap = homeOf(slot, mask);
  while (table[gap] !== slot + 1) {
    if (table[gap] === 0) return false;
    gap = (gap + 1) & mask;
  }
  // Those behind move up, so that no search for them ends at the gap.
  for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
    const held = table[at] ?? 0;
    if (held === 0) break;
    const home = homeOf(held - 1, mask);
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    table[gap] = held;
    gap = at;
  }
  table[gap] = 0;
  return true;
}
