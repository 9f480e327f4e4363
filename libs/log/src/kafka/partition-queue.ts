import { LogError } from '../errors';
import type { Offset } from '../port';
import type { Part } from './append-call';
import { backoffMs } from './backoff';
import { type BrokerError, isBrokerError, isRefusal, refused, unavailable } from './errors';
import { type Encodable, encodeRecordBatch } from './record-batch-encoder';

/** Fits a topic with the broker's default of `max.message.bytes`, which is 1,048,588. */
const BATCH_BYTES = 1_000_000;
const SEQUENCES = 2 ** 31;
const EPOCH_MAX = 2 ** 15 - 1;
/** An answer that took longer makes its partitions suspects. */
const SLOW_MS = 250;
const RETRY = { first: 20, most: 500 } as const;

export interface ProducerId {
  readonly id: bigint;
  readonly epoch: number;
}

interface Batch {
  readonly parts: readonly Part[];
  readonly records: number;
  readonly bytes: number;
  /** As it was sent first; a repetition is the same bytes, by which the broker knows it. */
  encoded: Buffer | undefined;
  /** The broker may have it: it was sent, and no answer said that it was refused before it was written. */
  inDoubt: boolean;
  attempts: number;
}

/**
 * What waits for one partition. At most one batch is under way, so order needs no more than its sequence numbers; the
 * next one takes all that has come meanwhile.
 *
 * A batch that is given up while it is in doubt leaves a gap in the numbers. The next one gets a new epoch, and begins
 * at 0: from then on the broker refuses the old batch, should it still arrive, so that nothing comes after what was
 * appended later.
 */
export class PartitionQueue {
  /** True while a request with its batch is under way. */
  sending = false;
  /** performance.now() before which it is not to be sent. */
  notBefore = 0;
  /** Was slow, or failed: is sent alone until it is quick again, so that others wait for it once at most. */
  suspect = false;
  private waiting: Part[] = [];
  private batch: Batch | undefined;
  private producer: ProducerId | undefined;
  private sequence = 0;
  private batchBytes = BATCH_BYTES;

  constructor(
    /** Name on the broker. */
    readonly topic: string,
    readonly partition: number,
    private readonly parts: {
      /** Name without the prefix. */
      readonly name: string;
      /** Bytes of a part that is not held any more. */
      readonly free: (bytes: number) => void;
    },
  ) {}

  get idle(): boolean {
    return !this.batch && this.waiting.length === 0;
  }

  /** A producer id is needed before it can be sent. */
  get needsProducer(): boolean {
    return this.producer === undefined;
  }

  /** About what the next request would carry. */
  get bytes(): number {
    return this.batch?.bytes ?? Math.min(this.batchBytes, this.waiting[0]?.bytes ?? 0);
  }

  add(part: Part): void {
    this.waiting.push(part);
  }

  identify(producer: ProducerId): void {
    this.producer = producer;
    this.sequence = 0;
  }

  /** The bytes to send next; undefined if nobody waits for them any more. */
  begin(): Buffer | undefined {
    // First: giving up may change the numbers.
    this.dropSettled();
    this.batch ??= this.takeBatch();
    const { batch, producer } = this;
    if (!batch || !producer) return undefined;
    if (!batch.encoded) {
      const records: Encodable[] = [];
      for (const part of batch.parts) for (const record of part.records) records.push(record);
      const sequence = { producerId: producer.id, epoch: producer.epoch, first: this.sequence };
      batch.encoded = encodeRecordBatch(records, batch.bytes, sequence);
    }
    this.sending = true;
    return batch.encoded;
  }

  private takeBatch(): Batch | undefined {
    const taken: Part[] = [];
    let [bytes, records] = [0, 0];
    let count = 0;
    for (const part of this.waiting) {
      if (part.call.settled) this.parts.free(part.bytes);
      else {
        const first = taken.length === 0;
        if (!first && (part.alone || taken[0]?.alone || bytes + part.bytes > this.batchBytes)) break;
        taken.push(part);
        bytes += part.bytes;
        records += part.records.length;
      }
      count++;
    }
    this.waiting = this.waiting.slice(count);
    if (taken.length === 0) return undefined;
    return { parts: taken, bytes, records, encoded: undefined, inDoubt: false, attempts: 0 };
  }

  /** Gives the batch up when all its calls have been told that their time is over. */
  dropSettled(): void {
    if (!this.sending && this.batch?.parts.every(({ call }) => call.settled)) this.giveUp();
  }

  /** Lets go of calls whose time was over before they came into a batch: nobody may come to look at them again. */
  dropExpired(): void {
    this.dropSettled();
    this.waiting = this.waiting.filter((part) => {
      if (part.call.settled) this.parts.free(part.bytes);
      return !part.call.settled;
    });
  }

  done(baseOffset: Offset, tookMs: number): void {
    const { batch } = this;
    this.sending = false;
    this.suspect = tookMs > SLOW_MS;
    if (!batch) return;
    this.batch = undefined;
    this.sequence = (this.sequence + batch.records) % SEQUENCES;
    let offset = baseOffset;
    for (const part of batch.parts) {
      this.parts.free(part.bytes);
      part.call.partDone(part, offset);
      offset += part.records.length;
    }
  }

  /** The request could not be sent, or nobody knows what became of it (`sent`). */
  lost(error: unknown, sent: boolean): void {
    this.sending = false;
    if (this.batch && sent) this.batch.inDoubt = true;
    this.again(error);
  }

  /** The broker answered with a code. */
  refused(error: BrokerError): void {
    const { batch } = this;
    this.sending = false;
    if (!batch) return;
    if (TOO_LARGE.has(error.type)) this.tooLarge(batch, error);
    else if (INVALID.has(error.type)) this.invalid(batch, error);
    else if (LOST_SEQUENCE.has(error.type)) this.outOfSequence(batch, error);
    else if (HOPELESS.has(error.type)) this.fail(batch, this.failure(error));
    else {
      batch.inDoubt ||= !REFUSED_BEFORE.has(error.type);
      this.again(error);
    }
  }

  /** Fails all that waits. */
  failAll(error: LogError): void {
    if (this.batch && !this.sending) this.fail(this.batch, error);
    for (const part of this.waiting) {
      this.parts.free(part.bytes);
      part.call.fail(error);
    }
    this.waiting = [];
  }

  private again(error: unknown): void {
    const { batch } = this;
    this.suspect = true;
    if (!batch) return;
    for (const { call } of batch.parts) call.lastError = error;
    this.notBefore = performance.now() + backoffMs(batch.attempts++, RETRY);
    this.dropSettled();
  }

  /** The topic takes less than we make it with: somebody else made it. */
  private tooLarge(batch: Batch, error: BrokerError): void {
    const { name } = this.parts;
    const place = `${name}/${this.partition}`;
    if (batch.inDoubt) this.fail(batch, this.failure(error));
    else if (batch.parts.length > 1) {
      this.batchBytes = Math.max(1, Math.floor((batch.encoded?.length ?? batch.bytes) / 2));
      this.putBack(batch);
    } else {
      const message = `the broker refuses ${batch.records} records of ${batch.bytes} bytes for ${place}: ${error.type}`;
      const facts = { topic: name, partition: this.partition, bytes: batch.bytes };
      this.fail(batch, new LogError('RECORD_TOO_LARGE', message, facts));
    }
  }

  /** One record spoils the batch for all: each call gets one of its own. */
  private invalid(batch: Batch, error: BrokerError): void {
    if (batch.inDoubt) this.fail(batch, this.failure(error));
    else if (batch.parts.length > 1) {
      for (const part of batch.parts) part.alone = true;
      this.putBack(batch);
    } else this.fail(batch, new RangeError(`a record for ${this.parts.name}/${this.partition}: ${error.message}`));
  }

  /**
   * The broker knows other numbers of this producer: its log was cut, or it forgot. A batch that was not sent before is
   * sent anew under new numbers. One in doubt can't be: it may be there.
   */
  private outOfSequence(batch: Batch, error: BrokerError): void {
    if (batch.inDoubt) this.fail(batch, this.failure(error));
    else this.putBack(batch);
    if (isBrokerError(error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')) this.nextEpoch();
    else this.producer = undefined;
  }

  /** Only for what took no numbers: refused, and never in doubt. */
  private putBack(batch: Batch): void {
    this.batch = undefined;
    this.waiting = [...batch.parts, ...this.waiting];
  }

  private fail(batch: Batch, error: LogError | RangeError): void {
    this.giveUp();
    for (const { call } of batch.parts) call.fail(error);
  }

  private giveUp(): void {
    const { batch } = this;
    if (!batch) return;
    if (batch.inDoubt) this.nextEpoch();
    this.batch = undefined;
    for (const part of batch.parts) this.parts.free(part.bytes);
  }

  private nextEpoch(): void {
    const { producer } = this;
    this.producer = producer && producer.epoch < EPOCH_MAX ? { ...producer, epoch: producer.epoch + 1 } : undefined;
    this.sequence = 0;
  }

  private failure(error: unknown): LogError {
    const { name } = this.parts;
    return (isRefusal(error) ? refused : unavailable)(`append to ${name}/${this.partition}`, error, {
      topic: name,
      partition: this.partition,
    });
  }
}

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

const INVALID: ReadonlySet<string> = new Set(['INVALID_RECORD', 'INVALID_TIMESTAMP']);

const LOST_SEQUENCE: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
]);

/** Nothing was written, and nothing will be before somebody changes the cluster's settings. */
const HOPELESS: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REQUIRED_ACKS',
  'UNSUPPORTED_VERSION',
  'POLICY_VIOLATION',
]);

/** Said before anything is written. NOT_LEADER_FOR_PARTITION is not among them: a leader that resigns says it too. */
const REFUSED_BEFORE: ReadonlySet<string> = new Set([
  'NOT_ENOUGH_REPLICAS',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'THROTTLING_QUOTA_EXCEEDED',
]);
