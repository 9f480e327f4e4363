/** Reads the numbers, texts and bytes of a Kafka record, one after the other. @throws RangeError past the end */
export class ByteReader {
  at = 0;

  constructor(private readonly buffer: Buffer) {}

  skip(bytes: number): void {
    this.at += bytes;
  }

  /** A zigzag varint of at most 32 bits. */
  varint(): number {
    const first = this.byte();
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    let value = first & 0x7f;
    for (let shift = 7; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
      if (shift >= 28) throw new RangeError('a number is too long');
    }
  }

  /** A zigzag varint of at most 64 bits, exact below 2^53. */
  varlong(): number {
    let value = 0;
    for (let scale = 1, bytes = 0; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      if (++bytes === 10) throw new RangeError('a number is too long');
    }
  }

  /** A slice; null where the length is negative. */
  bytes(length: number): Buffer | null {
    return length < 0 ? null : this.buffer.subarray(this.at, this.forward(length));
  }

  /** Text in UTF-8; null where the length is negative. */
  text(length: number): string | null {
    return length < 0 ? null : this.buffer.toString('utf8', this.at, this.forward(length));
  }

  private byte(): number {
    const byte = this.buffer[this.at++];
    if (byte === undefined) throw new RangeError('the end was passed');
    return byte;
  }

  /** @returns the end of what is `length` bytes long here; the place moves to it */
  private forward(length: number): number {
    const end = this.at + length;
    if (end > this.buffer.length) throw new RangeError('the end was passed');
    this.at = end;
    return end;
  }
}
