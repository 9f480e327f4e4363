import { LogError } from '../errors';
import { murmur2 } from '../partition';
import type { NewRecord, Offset, Position } from '../port';
import { BATCH_BYTES_MAX, RECORD_BYTES_MAX } from './limits';
import { contentBytes, type Encodable, encodedBytesMax } from './record-batch-encoder';

const NO_HEADERS = Object.freeze({});
/** What a broker may count to a batch beside its records. */
const BATCH_RESERVE_BYTES = 1024;

/** One call of `append`, until all its records are acknowledged or it is given up. */
export class AppendCall {
  readonly positions: Position[];
  /** Where it failed last, for whoever is told that its time is over. */
  lastError: unknown;
  settled = false;
  private partsLeft = 0;

  constructor(
    readonly topic: string,
    records: number,
    readonly startedAt: number,
    /** performance.now() at which it is given up. */
    readonly deadline: number,
    private readonly resolve: (positions: readonly Position[]) => void,
    private readonly reject: (error: Error) => void,
    private readonly onSettled: (call: AppendCall) => void,
  ) {
    this.positions = new Array(records);
  }

  addPart(): void {
    this.partsLeft++;
  }

  partDone({ partition, indexes }: Part, firstOffset: Offset): void {
    for (let n = 0; n < indexes.length; n++) {
      this.positions[indexes[n] as number] = { partition, offset: firstOffset + n };
    }
    if (--this.partsLeft > 0 || this.settled) return;
    this.settled = true;
    this.onSettled(this);
    this.resolve(this.positions);
  }

  fail(error: LogError | RangeError): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled(this);
    this.reject(error);
  }
}

/** Those records of a call that go to one partition: they are never torn apart. */
export interface Part {
  readonly call: AppendCall;
  readonly partition: number;
  readonly records: Encodable[];
  /** Where each stands in the call. */
  readonly indexes: number[];
  /** Most bytes that they take in a batch. */
  bytes: number;
  /** Shares its batch with no other: the broker refused one that it was in. */
  alone: boolean;
}

/**
 * Bytes that the records take while they wait, at most.
 * @throws RECORD_TOO_LARGE for a record that fits no log
 */
export function sizeOf(topic: string, records: readonly NewRecord[]): number {
  let sum = 0;
  for (const { key, value, headers = NO_HEADERS } of records) {
    const size = encodedBytesMax(null, value, headers) + 3 * (key?.length ?? 0);
    sum += size;
    if (size <= RECORD_BYTES_MAX) continue;
    const bytes = contentBytes(key, value, headers);
    if (bytes <= RECORD_BYTES_MAX) continue;
    throw new LogError('RECORD_TOO_LARGE', `a record of ${bytes} bytes; the most is ${RECORD_BYTES_MAX}`, {
      topic,
      bytes,
    });
  }
  return sum;
}

/**
 * The records of a call by partition.
 * @param place.sticky asked once, for the partition of all records without a key
 * @throws RangeError        a record names a partition that the topic does not have
 * @throws RECORD_TOO_LARGE  those of one partition do not fit one batch
 */
export function partsOf(
  call: AppendCall,
  records: readonly NewRecord[],
  place: { readonly topic: string; readonly partitions: number; readonly sticky: () => number },
): readonly Part[] {
  const nowMs = Date.now();
  const parts: Part[] = [];
  let sticky: number | undefined;
  for (let index = 0; index < records.length; index++) {
    const { key, value, headers = NO_HEADERS, timestamp = nowMs, partition: own } = records[index] as NewRecord;
    const record = { key: key === null ? null : Buffer.from(key, 'utf8'), value, headers, timestamp };
    let partition = own;
    if (partition === undefined) {
      if (record.key) partition = (murmur2(record.key) & 0x7fffffff) % place.partitions;
      else {
        sticky ??= place.sticky();
        partition = sticky;
      }
    }
    if (!(Number.isInteger(partition) && partition >= 0 && partition < place.partitions)) {
      throw new RangeError(`${place.topic} has no partition ${partition}`);
    }
    if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
      throw new RangeError(`${place.topic}: no time of a record: ${timestamp}`);
    }
    const bytes = encodedBytesMax(record.key, value, headers);
    const part = parts.find((other) => other.partition === partition);
    if (part) {
      part.records.push(record);
      part.indexes.push(index);
      part.bytes += bytes;
    } else parts.push({ call, partition, records: [record], indexes: [index], bytes, alone: false });
  }
  for (const { partition, bytes } of parts) {
    if (bytes <= BATCH_BYTES_MAX - BATCH_RESERVE_BYTES) continue;
    const message = `records of one append for ${place.topic}/${partition} take ${bytes} bytes; the most is ${BATCH_BYTES_MAX}`;
    throw new LogError('RECORD_TOO_LARGE', message, { topic: place.topic, partition, bytes });
  }
  return parts;
}
