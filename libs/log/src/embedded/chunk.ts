import { crc32 } from 'node:zlib';
import type { Headers, LogRecord, Offset } from '../port';

/*
 * A chunk is one LMDB value: consecutive records of a partition that were committed together, or what compaction left
 * of them. Storing them together is what makes a replay fast: one step of the cursor and one checksum for a hundred
 * records instead of one each.
 *
 *   0  u32  crc32 of everything behind it
 *   4  u32  number of records
 *   8  f64  newest timestamp in the chunk
 *  16  f64  newest timestamp of the partition up to the end of this chunk
 *  24  records: u32 offset minus the first one's, f64 timestamp, i32 key bytes (-1: null), u32 header bytes,
 *               i32 value bytes (-1: null), then key, headers (JSON), value
 */
const HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 24;
const NO_HEADERS: Headers = Object.freeze({});

/** What a record is before it has a place. */
export interface Content {
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
  readonly timestamp: number;
}

/** Most bytes that the record can take in a chunk; UTF-8 needs at most three bytes for each unit of a string. */
export function sizeMax(record: Content): number {
  let size = RECORD_HEADER_BYTES + (record.key?.length ?? 0) * 3 + (record.value?.length ?? 0);
  for (const name in record.headers) size += (name.length + (record.headers[name]?.length ?? 0)) * 6 + 6;
  return size + 2;
}

let scratch = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * Encodes records into a buffer that the next call overwrites: LMDB copies it at once.
 * @param base             offset of the chunk's key; record offsets are base or greater
 * @param runningMaxBefore newest timestamp of the partition before this chunk
 */
export function encodeChunk(
  records: readonly (Content & { readonly offset: Offset })[],
  place: { readonly base: Offset; readonly runningMaxBefore: number },
): { readonly bytes: Buffer; readonly runningMax: number } {
  let bound = HEADER_BYTES;
  for (const record of records) bound += sizeMax(record);
  if (scratch.length < bound) scratch = Buffer.allocUnsafeSlow(bound * 2);
  const out = scratch;
  let at = HEADER_BYTES;
  let newest = Number.NEGATIVE_INFINITY;
  for (const record of records) {
    newest = Math.max(newest, record.timestamp);
    at = writeRecord(out, at, record, record.offset - place.base);
  }
  const runningMax = Math.max(newest, place.runningMaxBefore);
  out.writeUInt32BE(records.length, 4);
  out.writeDoubleBE(newest, 8);
  out.writeDoubleBE(runningMax, 16);
  out.writeUInt32BE(crc32(out.subarray(4, at)), 0);
  return { bytes: out.subarray(0, at), runningMax };
}

function writeRecord(out: Buffer, start: number, record: Content, delta: number): number {
  let at = start + RECORD_HEADER_BYTES;
  const keyBytes = record.key === null ? -1 : out.write(record.key, at, 'utf8');
  if (keyBytes > 0) at += keyBytes;
  const headerBytes = isEmpty(record.headers) ? 0 : out.write(JSON.stringify(record.headers), at, 'utf8');
  at += headerBytes;
  if (record.value) {
    record.value.copy(out, at);
    at += record.value.length;
  }
  out.writeUInt32BE(delta, start);
  out.writeDoubleBE(record.timestamp, start + 4);
  out.writeInt32BE(keyBytes, start + 12);
  out.writeUInt32BE(headerBytes, start + 16);
  out.writeInt32BE(record.value ? record.value.length : -1, start + 20);
  return at;
}

function isEmpty(headers: Headers): boolean {
  for (const _name in headers) return false;
  return true;
}

export function isIntact(chunk: Buffer): boolean {
  return chunk.length >= HEADER_BYTES && chunk.readUInt32BE(0) === crc32(chunk.subarray(4));
}

/** Newest timestamp in the chunk. */
export function newestIn(chunk: Buffer): number {
  return chunk.readDoubleBE(8);
}

/** Newest timestamp of the partition up to the end of the chunk: never falls from chunk to chunk. */
export function runningMaxOf(chunk: Buffer): number {
  return chunk.readDoubleBE(16);
}

/** Number of records held. */
export function countOf(chunk: Buffer): number {
  return chunk.readUInt32BE(4);
}

/**
 * Appends the chunk's records from an offset on to `into`, until it has `limit` of them. Values share the chunk's
 * memory.
 */
export function decodeChunk(
  chunk: Buffer,
  of: { readonly partition: number; readonly base: Offset; readonly from: Offset; readonly limit: number },
  into: LogRecord[],
): void {
  const { partition, base, from, limit } = of;
  let at = HEADER_BYTES;
  for (let left = countOf(chunk); left > 0 && into.length < limit; left--) {
    const offset = base + chunk.readUInt32BE(at);
    const keyBytes = chunk.readInt32BE(at + 12);
    const headerBytes = chunk.readUInt32BE(at + 16);
    const valueBytes = chunk.readInt32BE(at + 20);
    const keyAt = at + RECORD_HEADER_BYTES;
    const headersAt = keyAt + Math.max(keyBytes, 0);
    const valueAt = headersAt + headerBytes;
    if (offset >= from) {
      into.push({
        partition,
        offset,
        key: keyBytes < 0 ? null : chunk.toString('utf8', keyAt, headersAt),
        value: valueBytes < 0 ? null : chunk.subarray(valueAt, valueAt + valueBytes),
        headers: headerBytes === 0 ? NO_HEADERS : (JSON.parse(chunk.toString('utf8', headersAt, valueAt)) as Headers),
        timestamp: chunk.readDoubleBE(at + 4),
      });
    }
    at = valueAt + Math.max(valueBytes, 0);
  }
}
