import type { RowWriter } from './row-bytes';

const SLAB_BYTES = 1 << 20;
/** Of a row's number. */
const NUMBER_BYTES = 6;

/**
 * Memory for the values of one commit: LMDB's thread copies them while the commit is under way, so they have to stay
 * where they are until it is done. A slab for thousands of values costs far less than a buffer for each.
 */
export class Arena {
  private slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  private at = 0;

  row(row: RowWriter): Buffer {
    const at = this.reserve(row.length);
    row.copyTo(this.slab, at);
    return this.slab.subarray(at, at + row.length);
  }

  number(value: number): Buffer {
    const at = this.reserve(NUMBER_BYTES);
    this.slab.writeUIntBE(value, at, NUMBER_BYTES);
    return this.slab.subarray(at, at + NUMBER_BYTES);
  }

  /** What was taken is not needed any more. */
  reset(): void {
    this.at = 0;
  }

  private reserve(bytes: number): number {
    if (this.at + bytes > this.slab.length) {
      // The former slab lives on as long as values are in it.
      this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
      this.at = 0;
    }
    const start = this.at;
    this.at += bytes;
    return start;
  }
}

export function readNumber(value: Buffer): number {
  return value.readUIntBE(0, NUMBER_BYTES);
}
