import type { Headers } from '../port';
import { crc32c } from './crc32c';

/**
 * Layout of a record batch. Source: kafka.apache.org/documentation, "Record Batch", format 2.
 */
const AT = {
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
} as const;
export const BATCH_HEADER_BYTES = 61;
const LENGTH_END = AT.length + 4;
const MAGIC = 2;
/** Attributes, and the most that lengths, deltas and the number of headers take: 1 + 5 + 10 + 5 + 5 + 5 + 5. */
const RECORD_OVERHEAD_BYTES = 36;
const HEADER_OVERHEAD_BYTES = 10;

/** A record with its key in bytes. */
export interface Encodable {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
  /** Epoch milliseconds. */
  readonly timestamp: number;
}

/** Whose batch it is, for the broker to tell a repetition from a new one. */
export interface Sequence {
  readonly producerId: bigint;
  readonly epoch: number;
  /** Sequence number of the first record. */
  readonly first: number;
}

/** Bytes that a record takes in a batch, at most. */
export function encodedBytesMax(key: Buffer | null, value: Buffer | null, headers: Headers): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) {
    // UTF-8 needs at most three bytes for each unit of a string.
    bytes += HEADER_OVERHEAD_BYTES + (name.length + (headers[name]?.length ?? 0)) * 3;
  }
  return bytes;
}

/** Bytes of what the caller gave: key, value and headers. */
export function contentBytes(key: string | null, value: Buffer | null, headers: Headers): number {
  let bytes = Buffer.byteLength(key ?? '') + (value?.length ?? 0);
  for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
  return bytes;
}

/**
 * One uncompressed record batch.
 * @param records  at least one
 * @param bytesMax sum of `encodedBytesMax` over them
 */
export function encodeRecordBatch(records: readonly Encodable[], bytesMax: number, sequence: Sequence): Buffer {
  const baseTimestamp = records[0]?.timestamp ?? 0;
  const writer = new Writer(Buffer.allocUnsafe(BATCH_HEADER_BYTES + bytesMax), BATCH_HEADER_BYTES);
  let maxTimestamp = baseTimestamp;
  for (let n = 0; n < records.length; n++) {
    const record = records[n] as Encodable;
    if (record.timestamp > maxTimestamp) maxTimestamp = record.timestamp;
    writer.record(record, n, record.timestamp - baseTimestamp);
  }
  const batch = writer.done();
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - LENGTH_END, AT.length);
  batch.writeInt32BE(-1, AT.leaderEpoch);
  batch.writeInt8(MAGIC, AT.magic);
  batch.writeInt16BE(0, AT.attributes);
  batch.writeInt32BE(records.length - 1, AT.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(baseTimestamp), AT.baseTimestamp);
  batch.writeBigInt64BE(BigInt(maxTimestamp), AT.maxTimestamp);
  batch.writeBigInt64BE(sequence.producerId, AT.producerId);
  batch.writeInt16BE(sequence.epoch, AT.producerEpoch);
  batch.writeInt32BE(sequence.first, AT.baseSequence);
  batch.writeInt32BE(records.length, AT.count);
  batch.writeUInt32BE(crc32c(batch, AT.attributes, batch.length), AT.crc);
  return batch;
}

class Writer {
  constructor(
    private readonly out: Buffer,
    private at: number,
  ) {}

  record({ key, value, headers }: Encodable, offsetDelta: number, timestampDelta: number): void {
    const start = this.at;
    // The length comes first and is known last: records are short enough that a byte or two is right nearly always.
    const guess = 1 + (key?.length ?? 0) + (value?.length ?? 0);
    const reserved = varintBytes(guess < 64 ? guess : guess + 16);
    this.at += reserved;
    this.out[this.at++] = 0;
    this.varlong(timestampDelta);
    this.varint(offsetDelta);
    this.bytes(key);
    this.bytes(value);
    this.headers(headers);
    this.length(start, reserved);
  }

  /** Writes the length of a record before it; what stands behind moves where another number of bytes was reserved. */
  private length(start: number, reserved: number): void {
    const bytes = this.at - start - reserved;
    const needed = varintBytes(bytes);
    const end = this.at + needed - reserved;
    if (needed !== reserved) this.out.copyWithin(start + needed, start + reserved, this.at);
    this.at = start;
    this.varint(bytes);
    this.at = end;
  }

  private headers(headers: Headers): void {
    let count = 0;
    for (const _ in headers) count++;
    this.varint(count);
    for (const name in headers) {
      this.text(name);
      this.text(headers[name] ?? '');
    }
  }

  private bytes(bytes: Buffer | null): void {
    this.varint(bytes?.length ?? -1);
    if (!bytes) return;
    this.out.set(bytes, this.at);
    this.at += bytes.length;
  }

  private text(text: string): void {
    this.varint(Buffer.byteLength(text));
    this.at += this.out.write(text, this.at);
  }

  private varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest >= 0x80) {
      this.out[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.out[this.at++] = rest;
  }

  /** Exact below 2^52. */
  private varlong(value: number): void {
    let rest = value < 0 ? -value * 2 - 1 : value * 2;
    while (rest >= 0x80) {
      this.out[this.at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.out[this.at++] = rest;
  }

  done(): Buffer {
    return this.out.subarray(0, this.at);
  }
}

function varintBytes(value: number): number {
  const zigzag = value * 2;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}
