/**
 * Rows lie in blocks of consecutive ones, and so cost one put for some dozens instead of one each. A row's number is
 * that of its block, times ROWS_MAX, plus its index.
 *
 *   0  u16  number of rows
 *   2  u32  for each row, where it ends, counted from the first one's begin
 *      rows as UTF-8
 */
import type { Arena } from './arena';

const ROWS_MAX = 64;
/** Characters beyond which a block takes no further row: one row is changed by writing its whole block again. */
const LENGTH_MAX = 8_192;

/** Texts of a block's rows. */
export type Block = string[];

export function blockOf(row: number): number {
  return Math.floor(row / ROWS_MAX);
}

export function indexOf(row: number): number {
  return row % ROWS_MAX;
}

export function numberOf(block: number, index: number): number {
  return block * ROWS_MAX + index;
}

/** Whether a block of so many rows and characters takes another row. */
export function hasRoom(rows: number, length: number): boolean {
  return rows < ROWS_MAX && length < LENGTH_MAX;
}

export function encodeBlock(arena: Arena, block: Block): Buffer {
  const head = 2 + 4 * block.length;
  let length = 0;
  for (const row of block) length += row.length;
  // A UTF-16 unit takes at most three bytes.
  return arena.take(head + length * 3, (memory, start) => {
    const first = start + head;
    let at = first;
    memory.writeUInt16BE(block.length, start);
    for (const [index, row] of block.entries()) {
      at += memory.write(row, at, 'utf8');
      memory.writeUInt32BE(at - first, start + 2 + 4 * index);
    }
    return at;
  });
}

/** @throws RangeError  there is no such row */
export function decodeRow(bytes: Buffer, index: number): string {
  const count = bytes.readUInt16BE(0);
  if (index >= count) throw new RangeError(`a block of ${count} rows has none at ${index}`);
  const first = 2 + 4 * count;
  const start = index === 0 ? 0 : bytes.readUInt32BE(2 + 4 * (index - 1));
  return bytes.toString('utf8', first + start, first + bytes.readUInt32BE(2 + 4 * index));
}

export function decodeBlock(bytes: Buffer): Block {
  return Array.from({ length: bytes.readUInt16BE(0) }, (_, index) => decodeRow(bytes, index));
}
