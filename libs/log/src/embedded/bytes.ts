const WORD = 0x1_0000_0000;

/** Unsigned 64 bits, big-endian, as a number: exact below 2^53, which is all that offsets may be. */
export function writeU64(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32BE(Math.floor(value / WORD), at);
  buffer.writeUInt32BE(value % WORD, at + 4);
}

export function readU64(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * WORD + buffer.readUInt32BE(at + 4);
}
