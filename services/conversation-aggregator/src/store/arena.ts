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

  /** The bytes that `write` wrote into the memory it was given; it tells how many. */
  take(bytesMax: number, write: (memory: Buffer, at: number) => number): Buffer {
    if (this.at + bytesMax > this.slab.length) {
      // The former slab lives on as long as values are in it.
      this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytesMax));
      this.at = 0;
    }
    const start = this.at;
    this.at = write(this.slab, start);
    return this.slab.subarray(start, this.at);
  }

  number(value: number): Buffer {
    return this.take(NUMBER_BYTES, (memory, at) => memory.writeUIntBE(value, at, NUMBER_BYTES));
  }

  /** What was taken is not needed any more. */
  reset(): void {
    this.at = 0;
  }
}

export function readNumber(value: Buffer): number {
  return value.readUIntBE(0, NUMBER_BYTES);
}
