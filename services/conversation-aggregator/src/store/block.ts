/**
 * Rows lie in blocks of consecutive ones, and so cost one put for some dozens instead of one each. A row's number is
 * that of its block, times ROWS_MAX, plus its index.
 *
 *   rows
 *   u32  for each row, where it ends
 *   u16  number of rows
 */
import { RowReader, type RowWriter } from './row-bytes';

const ROWS_MAX = 32;
/** Bytes beyond which a block takes no further row: one row is changed by writing its whole block again. */
const ROWS_BYTES = 3_584;
const MEMORY_BYTES = 4_800;
const END_BYTES = 4;
const COUNT_BYTES = 2;

export function blockOf(row: number): number {
  return Math.floor(row / ROWS_MAX);
}

export function indexOf(row: number): number {
  return row % ROWS_MAX;
}

export function numberOf(block: number, index: number): number {
  return block * ROWS_MAX + index;
}

/** A block in memory. */
export class Block {
  private memory: Buffer;
  private readonly ends: number[];

  /** A block that was read, or a new one. The bytes are not written to. */
  constructor(bytes?: Buffer) {
    this.memory = bytes ?? Buffer.allocUnsafeSlow(MEMORY_BYTES);
    this.ends = bytes ? Array.from({ length: countOf(bytes) }, (_, index) => endOf(bytes, index)) : [];
  }

  get hasRoom(): boolean {
    return this.ends.length < ROWS_MAX && this.length < ROWS_BYTES;
  }

  private get length(): number {
    return this.ends.at(-1) ?? 0;
  }

  /** Index of the new row. Only of a block that was made new. */
  add(row: RowWriter): number {
    const start = this.length;
    if (start + row.length > this.memory.length) this.grow(start + row.length);
    row.copyTo(this.memory, start);
    return this.ends.push(start + row.length) - 1;
  }

  replace(index: number, row: RowWriter): void {
    const { start, end } = this.range(index);
    const added = row.length - (end - start);
    const memory = Buffer.allocUnsafeSlow(Math.max(this.length + added, MEMORY_BYTES));
    this.memory.copy(memory, 0, 0, start);
    row.copyTo(memory, start);
    this.memory.copy(memory, start + row.length, end, this.length);
    for (let at = index; at < this.ends.length; at += 1) this.ends[at] = (this.ends[at] ?? 0) + added;
    this.memory = memory;
  }

  /** Undefined if the block has no such row. */
  read(index: number): RowReader | undefined {
    if (index >= this.ends.length) return undefined;
    const { start, end } = this.range(index);
    return new RowReader(this.memory, start, end);
  }

  /** What is to be stored; the memory may still be used by the block. */
  encode(): Buffer {
    const { length } = this;
    const total = length + this.ends.length * END_BYTES + COUNT_BYTES;
    if (total > this.memory.length) this.grow(total);
    let at = length;
    for (const end of this.ends) at = this.memory.writeUInt32LE(end, at);
    return this.memory.subarray(0, this.memory.writeUInt16LE(this.ends.length, at));
  }

  private range(index: number): { readonly start: number; readonly end: number } {
    const end = this.ends[index];
    if (end === undefined) throw new RangeError(`a block of ${this.ends.length} rows has none at ${index}`);
    return { start: index === 0 ? 0 : (this.ends[index - 1] ?? 0), end };
  }

  private grow(bytes: number): void {
    const memory = Buffer.allocUnsafeSlow(bytes * 2);
    this.memory.copy(memory, 0, 0, this.length);
    this.memory = memory;
  }
}

/** One row of a stored block; undefined if it has no such row. */
export function storedRow(bytes: Buffer, index: number): RowReader | undefined {
  if (index >= countOf(bytes)) return undefined;
  return new RowReader(bytes, index === 0 ? 0 : endOf(bytes, index - 1), endOf(bytes, index));
}

function countOf(bytes: Buffer): number {
  return bytes.readUInt16LE(bytes.length - COUNT_BYTES);
}

function endOf(bytes: Buffer, index: number): number {
  return bytes.readUInt32LE(bytes.length - COUNT_BYTES - (countOf(bytes) - index) * END_BYTES);
}
