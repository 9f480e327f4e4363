/** CRC-32C as record batches have it (RFC 3720, appendix B.4), eight bytes a step. */
const POLYNOMIAL = 0x82f63b78;
const TABLES = tables();
const [T0, T1, T2, T3, T4, T5, T6, T7] = [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
  TABLES.subarray(n * 256, n * 256 + 256),
) as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

function tables(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at++) {
    const before = table[at - 256] as number;
    table[at] = (table[before & 0xff] as number) ^ (before >>> 8);
  }
  return table;
}

/** Checksum of the bytes from `start` to `end`, unsigned. */
export function crc32c(bytes: Buffer, start: number, end: number): number {
  const at = (table: Int32Array, index: number) => table[index & 0xff] as number;
  let crc = -1;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    const low = crc ^ word(bytes, i);
    const high = word(bytes, i + 4);
    crc =
      at(T7, low) ^
      at(T6, low >>> 8) ^
      at(T5, low >>> 16) ^
      at(T4, low >>> 24) ^
      at(T3, high) ^
      at(T2, high >>> 8) ^
      at(T1, high >>> 16) ^
      at(T0, high >>> 24);
  }
  for (; i < end; i++) crc = at(T0, crc ^ (bytes[i] as number)) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

function word(bytes: Buffer, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  );
}
