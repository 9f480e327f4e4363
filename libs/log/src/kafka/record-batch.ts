import * as zlib from 'node:zlib';
import { LogError } from '../errors';
import type { Headers, LogRecord, Offset } from '../port';
import { ByteReader } from './byte-reader';
import { crc32c } from './crc32c';

/**
 * Layout of a record batch, bytes from its start. Source: kafka.apache.org/documentation, "Record Batch"; format 2,
 * the only one that brokers since 4.0 keep.
 */
const AT = {
  baseOffset: 0,
  /** Bytes that follow this field. */
  length: 8,
  magic: 16,
  /** Of all that follows it. */
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  count: 57,
  records: 61,
} as const;
const LENGTH_END = AT.length + 4;
const MAGIC = 2;

const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** Type of a control record, in its key after two bytes of version. */
const ABORT = 0;

/** What one batch may become when it is inflated: far more than a broker takes, far less than the memory. */
const INFLATED_MAX = 256 * 2 ** 20;
const NO_HEADERS: Headers = Object.freeze({});

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** A transaction that was given up: none of the producer's records from this offset to its abort marker is to be read. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: Offset;
}

interface Batch {
  readonly reader: ByteReader;
  readonly baseOffset: Offset;
  readonly baseTimestamp: number;
  /** Of all its records, where the broker sets the time; else undefined. */
  readonly appendTimestamp: number | undefined;
  /** Offset after it, holes at its end included. */
  readonly next: Offset;
  /** Records not decoded yet. */
  left: number;
}

/**
 * The record batches of one partition in a fetch response, decoded as they are asked for. A batch at the end that was
 * cut off is left out; records before the offset that was fetched, of aborted transactions and of control batches too.
 *
 * Values are slices of the response (a megabyte or more): whoever keeps one beyond the handling of its record copies it.
 */
export class RecordSet {
  /** Offset to fetch after this; the fetched offset if no batch is whole. */
  readonly next: Offset;
  /** Whole batches; the last may be one that can't be read. */
  readonly bytes: number;
  private position: Offset;
  private at = 0;
  private batch: Batch | undefined;
  private broken: LogError | undefined;
  private readonly aborted: AbortedTransaction[];
  private readonly abortedProducers = new Set<bigint>();

  /** @param from  the offset that was fetched: the first batch may begin before it */
  constructor(
    private readonly place: Place,
    private readonly buffer: Buffer,
    private readonly from: Offset,
    aborted: readonly AbortedTransaction[] = [],
  ) {
    this.position = from;
    this.aborted = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
    [this.next, this.bytes] = this.scan();
  }

  /** Bytes of the batches that were not begun. */
  get bytesLeft(): number {
    return this.bytes - this.at;
  }

  /** True when all of it was taken. */
  get done(): boolean {
    return !this.batch && this.at >= this.bytes;
  }

  /**
   * Decodes records until `records` holds `max` of them, or there are no more.
   * @returns position after what was taken, holes included
   * @throws RECORD_UNREADABLE  at a batch that can't be read, once all before it was taken; again whenever called
   */
  take(max: number, records: LogRecord[]): Offset {
    try {
      while (records.length < max && !this.broken && !this.done) {
        if (this.batch) this.decode(this.batch, max, records);
        else this.begin();
      }
    } catch (error) {
      this.broken = error as LogError;
    }
    if (this.broken && records.length === 0) throw this.broken;
    return this.position;
  }

  /** Looks for the last whole batch. */
  private scan(): [next: Offset, bytes: number] {
    let next = this.from;
    let at = 0;
    while (at + AT.magic < this.buffer.length) {
      const end = at + LENGTH_END + this.buffer.readInt32BE(at + AT.length);
      if (end > this.buffer.length) break;
      // What is after a batch that can't be read is not fetched: it would never be reached.
      if (this.buffer[at + AT.magic] !== MAGIC || end < at + AT.records) return [next, this.buffer.length];
      next = Math.max(next, this.offsetAt(at) + this.buffer.readInt32BE(at + AT.lastOffsetDelta) + 1);
      at = end;
    }
    return [next, at];
  }

  private begin(): void {
    const { buffer, at } = this;
    const end = at + LENGTH_END + buffer.readInt32BE(at + AT.length);
    const magic = buffer[at + AT.magic];
    if (magic !== MAGIC) throw this.unreadable(`is in message format ${magic}, only format ${MAGIC} can be read`);
    if (end < at + AT.records || buffer.readUInt32BE(at + AT.crc) !== crc32c(buffer, at + AT.attributes, end)) {
      throw this.unreadable('is torn: its checksum is another');
    }
    const baseOffset = this.offsetAt(at);
    const next = baseOffset + buffer.readInt32BE(at + AT.lastOffsetDelta) + 1;
    if (!Number.isSafeInteger(next)) throw this.unreadable('has an offset above 2^53');
    if (next > this.position && this.isWanted(at, end, next - 1)) {
      const attributes = buffer.readInt16BE(at + AT.attributes);
      this.batch = {
        reader: this.recordsOf(at, end),
        baseOffset,
        baseTimestamp: readInt64(buffer, at + AT.baseTimestamp),
        appendTimestamp: attributes & LOG_APPEND_TIME ? readInt64(buffer, at + AT.maxTimestamp) : undefined,
        next,
        left: buffer.readInt32BE(at + AT.count),
      };
    }
    this.at = end;
    if (!this.batch || this.batch.left <= 0) this.finish(next);
  }

  /**
   * Follows transactions as Kafka's own consumer does: an aborted one begins at its first offset and ends with the
   * abort marker of its producer.
   */
  private isWanted(at: number, end: number, lastOffset: Offset): boolean {
    const attributes = this.buffer.readInt16BE(at + AT.attributes);
    if (!(attributes & TRANSACTIONAL)) return !(attributes & CONTROL);
    for (let first = this.aborted[0]; first && first.firstOffset <= lastOffset; first = this.aborted[0]) {
      this.abortedProducers.add(first.producerId);
      this.aborted.shift();
    }
    const producerId = this.buffer.readBigInt64BE(at + AT.producerId);
    if (attributes & CONTROL) {
      if (this.isAbortMarker(at, end)) this.abortedProducers.delete(producerId);
      return false;
    }
    return !this.abortedProducers.has(producerId);
  }

  private isAbortMarker(at: number, end: number): boolean {
    // Compaction may have taken the marker out of its batch; then it took the records before.
    if (this.buffer.readInt32BE(at + AT.count) === 0) return false;
    const reader = this.recordsOf(at, end);
    reader.varint();
    reader.skip(1);
    reader.varlong();
    reader.varint();
    const key = reader.bytes(reader.varint());
    return key !== null && key.length >= 4 && key.readInt16BE(2) === ABORT;
  }

  private recordsOf(at: number, end: number): ByteReader {
    const records = this.buffer.subarray(at + AT.records, end);
    const compression = this.buffer.readInt16BE(at + AT.attributes) & COMPRESSION_MASK;
    if (compression === 0) return new ByteReader(records);
    const [name, inflate] = CODECS[compression] ?? [`codec ${compression}`, undefined];
    if (!inflate) throw this.unreadable(`is compressed with ${name}, which can't be read here`);
    try {
      return new ByteReader(inflate(records, { maxOutputLength: INFLATED_MAX }));
    } catch (error) {
      throw this.unreadable(`can't be inflated (${name})`, error);
    }
  }

  private decode(batch: Batch, max: number, records: LogRecord[]): void {
    const { reader, baseOffset, baseTimestamp, appendTimestamp } = batch;
    const { topic: _, partition } = this.place;
    try {
      while (batch.left > 0 && records.length < max) {
        const length = reader.varint();
        const end = reader.at + length;
        reader.skip(1);
        const timestamp = baseTimestamp + reader.varlong();
        const offset = baseOffset + reader.varint();
        batch.left--;
        if (offset < this.position) {
          reader.at = end;
          continue;
        }
        const key = reader.text(reader.varint());
        const value = reader.bytes(reader.varint());
        const headers = readHeaders(reader);
        if (reader.at !== end) throw new RangeError('a record is not as long as it says');
        records.push({ partition, offset, key, value, headers, timestamp: appendTimestamp ?? timestamp });
        this.position = offset + 1;
      }
    } catch (error) {
      throw this.unreadable('is torn', error);
    }
    if (batch.left <= 0) this.finish(batch.next);
  }

  private finish(next: Offset): void {
    this.batch = undefined;
    this.position = Math.max(this.position, next);
  }

  private offsetAt(at: number): Offset {
    return readInt64(this.buffer, at + AT.baseOffset);
  }

  private unreadable(what: string, cause?: unknown): LogError {
    const { topic, partition } = this.place;
    const offset = this.position;
    return new LogError(
      'RECORD_UNREADABLE',
      `${topic}, partition ${partition}: the record batch at offset ${offset} ${what}`,
      { topic, partition, offset },
      { cause },
    );
  }
}

type Inflate = (data: Buffer, options: { maxOutputLength: number }) => Buffer;

/** By the number that attributes name them with. Node knows zstd since 22.15; Snappy and LZ4 it does not know. */
const CODECS: Readonly<Record<number, [name: string, inflate: Inflate | undefined]>> = {
  1: ['gzip', zlib.gunzipSync as Inflate],
  2: ['snappy', undefined],
  3: ['lz4', undefined],
  4: ['zstd', (zlib as { zstdDecompressSync?: Inflate }).zstdDecompressSync],
};

/** Other clients may repeat a header, or give it no value: the last one counts, no value is the empty text. */
function readHeaders(reader: ByteReader): Headers {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  const headers: [string, string][] = [];
  for (let n = 0; n < count; n++) {
    headers.push([reader.text(reader.varint()) ?? '', reader.text(reader.varint()) ?? '']);
  }
  return Object.fromEntries(headers);
}

/** Beyond 2^53 it is not exact: the caller refuses what it must not round. */
function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4);
}
