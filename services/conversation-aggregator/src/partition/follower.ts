import { setTimeout as delay } from 'node:timers/promises';
import { type Codec, CodecError, type ConversationEvent, type ConversationEventName, topics } from '@parley/contracts';
import { reduce } from '@parley/conversations';
import { type From, isLogError, type Log, type LogReader, type LogRecord, type RecordBatch } from '@parley/log';
import type { Logger } from 'pino';
import type { DeadLetters, Failure } from '../publish/dead-letters';
import { StoreError } from '../store/environment';
import type { PartitionState } from '../store/partition-state';
import { type Generation, UNPUBLISHED_MAX } from './generation';
import type { Governor } from './governor';

const BATCH_RECORDS = 2_000;
const IDLE_WAIT_MS = 1_000;
const RETRY_MS = 250;
/** Records behind the end beyond which work is done in bulk: larger commits, the index later. */
const BULK_LAG = 1_000;
/** Changes in one commit while far behind and queries are answered meanwhile: they wait while it begins. */
const BULK_CHANGES = 5_000;
/** Records between two looks at the clock. */
const CLOCK_EVERY = 32;

export interface FollowerOptions {
  readonly log: Log;
  readonly codec: Codec<ConversationEventName>;
  readonly generation: Generation;
  readonly governor: Governor;
  readonly deadLetters: DeadLetters;
  /** Whether somebody waits for the partition's events to be found. */
  readonly isAwaited: (partition: number) => boolean;
  /** Whether queries are answered, from this generation or another. */
  readonly isServing: () => boolean;
  readonly logger: Logger;
  /** Called for records read; for metrics. */
  readonly onRecords: (count: number) => void;
}

/** Reads the partitions of a generation by position, without a group, and folds them into its states. */
export class Follower {
  private readonly stopping = new AbortController();
  private readonly ends = new Map<number, number>();
  private running: Promise<void> | undefined;

  constructor(private readonly options: FollowerOptions) {}

  /** Resolves when it was stopped. @throws what ends the reading for good: OFFSET_OUT_OF_RANGE, STORE_CORRUPT, … */
  run(): Promise<void> {
    this.running ??= this.follow();
    return this.running;
  }

  /** End of the partition when last looked. */
  end(partition: number): number {
    return this.ends.get(partition) ?? 0;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running?.catch(() => undefined);
  }

  private async follow(): Promise<void> {
    const { log, generation } = this.options;
    const { name } = topics.conversationEvents;
    for (const [partition, end] of await log.ends(name)) this.ends.set(partition, end);
    const from = new Map<number, From>();
    for (const [number, state] of generation.partitions) from.set(number, state.position ?? 'earliest');
    if (from.size === 0) return;
    const reader = await log.reader(name, from);
    try {
      while (!this.stopping.signal.aborted) await this.step(reader);
    } finally {
      await reader.close();
    }
  }

  private async step(reader: LogReader): Promise<void> {
    const batch = await this.next(reader);
    if (!batch) {
      await this.options.generation.store.commitSoon();
      return;
    }
    const partition = this.options.generation.partition(batch.partition);
    if (!partition) throw new Error(`the reader gave partition ${batch.partition}, which is not served`);
    this.ends.set(batch.partition, batch.end);
    await this.applyBatch(partition, batch);
    this.options.onRecords(batch.records.length);
  }

  private async next(reader: LogReader): Promise<RecordBatch | undefined> {
    const { signal } = this.stopping;
    try {
      return await reader.next({ maxRecords: BATCH_RECORDS, maxWaitMs: IDLE_WAIT_MS, signal });
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!isLogError(error) || !error.retryable) throw error;
      this.options.logger.warn({ err: error }, 'the log does not answer; reading goes on when it does');
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      return undefined;
    }
  }

  private async applyBatch(partition: PartitionState, { records, next, end }: RecordBatch): Promise<void> {
    const { governor } = this.options;
    const isBulk = end - next > BULK_LAG;
    for (let at = 0; at < records.length; at += 1) {
      const record = records[at];
      const late = record && this.applyRecord(partition, record);
      if (late) await late;
      if (at % CLOCK_EVERY === 0 && governor.isDue) await this.rest(partition, isBulk);
    }
    partition.advance(next);
    await this.rest(partition, isBulk);
  }

  /** Ends a slice: what was applied becomes visible and is on its way to the disk, and queries get their turn. */
  private async rest(partition: PartitionState, isBulk: boolean): Promise<void> {
    const { generation, governor, isAwaited, isServing } = this.options;
    const { partition: number } = partition;
    if (!isBulk || isAwaited(number) || generation.unpublishedCount(number) >= UNPUBLISHED_MAX) {
      await generation.publish(partition, governor);
    }
    const { store } = generation;
    if (isBulk && !isServing()) await store.commitAdditions();
    else if (!isBulk || store.uncommitted >= BULK_CHANGES) await store.commitSoon();
    if (governor.isDue) await governor.yield();
  }

  private applyRecord(partition: PartitionState, record: LogRecord): Promise<void> | undefined {
    const decoded = this.decode(record);
    if (!(decoded instanceof Promise)) return this.applyDecoded(partition, record, decoded);
    return decoded.then((late) => this.applyDecoded(partition, record, late));
  }

  /** Not asynchronous where nothing has to be waited for: on the replay path a promise a record would cost more than the reducer. */
  private applyDecoded(
    partition: PartitionState,
    record: LogRecord,
    decoded: ConversationEvent | Failure,
  ): Promise<void> | undefined {
    const failure = 'reason' in decoded ? decoded : this.fold(partition, record, decoded);
    if (failure) return this.bury(partition, record, failure);
    partition.advance(record.offset + 1);
    return undefined;
  }

  private async bury(partition: PartitionState, record: LogRecord, failure: Failure): Promise<void> {
    await this.options.deadLetters.put(record, failure, this.stopping.signal);
    partition.advance(record.offset + 1);
  }

  private fold(partition: PartitionState, { key, offset }: LogRecord, event: ConversationEvent): Failure | undefined {
    const { conversationId, eventId } = event.value;
    if (key !== conversationId) {
      return { reason: 'KEY_MISMATCH', detail: 'the record key is not the id of the conversation' };
    }
    try {
      const changes = reduce(partition, event, offset);
      if (!changes) return undefined;
      partition.apply(changes, eventId);
      this.options.generation.changed(partition.partition, conversationId);
      return undefined;
    } catch (error) {
      if (error instanceof StoreError) throw error;
      return failureOf(error, 'NOT_APPLICABLE');
    }
  }

  private decode(record: LogRecord): ConversationEvent | Failure | Promise<ConversationEvent | Failure> {
    const { value } = record;
    if (!value) return { reason: 'NO_VALUE', detail: 'a tombstone is no event' };
    try {
      return this.options.codec.decodeSync(value) ?? this.decodeLate(value);
    } catch (error) {
      return failureOf(error, 'BAD_AVRO');
    }
  }

  /** Of a schema that is not known yet. A registry that does not answer is waited for: it is no fault of the record. */
  private async decodeLate(value: Buffer): Promise<ConversationEvent | Failure> {
    for (;;) {
      try {
        return await this.options.codec.decode(value);
      } catch (error) {
        if (error instanceof CodecError) return failureOf(error, 'BAD_AVRO');
        this.options.logger.warn({ err: error }, 'the schema registry does not answer');
        await delay(RETRY_MS, undefined, { signal: this.stopping.signal });
      }
    }
  }
}

function failureOf(error: unknown, otherwise: string): Failure {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    reason: typeof code === 'string' ? code : otherwise,
    detail: typeof message === 'string' ? message : 'unknown',
  };
}
