import { setTimeout as delay } from 'node:timers/promises';
import { type Codec, CodecError, type ConversationEvent, type ConversationEventName, topics } from '@parley/contracts';
import { reduce } from '@parley/conversations';
import type { From, Log, LogReader, LogRecord, RecordBatch } from '@parley/log';
import { isPassing, LOG, type Outages } from '../outages';
import type { DeadLetters, Failure } from '../publish/dead-letters';
import { StoreError } from '../store/environment';
import type { PartitionState } from '../store/partition-state';
import { type Generation, UNPUBLISHED_MAX } from './generation';
import type { Governor } from './governor';

const BATCH_RECORDS = 2_000;
const IDLE_WAIT_MS = 1_000;
const RETRY_MS = 250;
/** Outages as operators see them. */
const READING = 'log (reading)';
/** A wait for one record is long beyond this. */
const LONG_WAIT_MS = 100;
const REGISTRY = 'schema registry';
const NOTHING = Buffer.alloc(0);
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
  readonly partitions: readonly number[];
  readonly governor: Governor;
  readonly deadLetters: DeadLetters;
  /** Whether somebody waits for the partition's events to be found. */
  readonly isAwaited: (partition: number) => boolean;
  /** Whether queries are answered, from this generation or another. */
  readonly isServing: () => boolean;
  /** Whether they are answered from this one. */
  readonly isShown: () => boolean;
  readonly outages: Outages;
  /** Called for records read; for metrics. */
  readonly onRecords: (count: number) => void;
  /** Takes over partitions that must not wait for another one's record. */
  readonly onLeft: (partitions: readonly number[]) => void;
}

/**
 * Reads partitions of a generation by position, without a group, and folds them into its states. Where one has to wait
 * for what a record of its needs, the others are left to a follower of their own.
 */
export class Follower {
  private readonly stopping = new AbortController();
  private followed: readonly number[];
  private running: Promise<void> | undefined;

  constructor(private readonly options: FollowerOptions) {
    this.followed = options.partitions;
  }

  get partitions(): readonly number[] {
    return this.followed;
  }

  /** Resolves when it was stopped. @throws what ends the reading for good: OFFSET_OUT_OF_RANGE, STORE_CORRUPT, … */
  run(): Promise<void> {
    this.running ??= this.follow();
    return this.running;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running?.catch(() => undefined);
  }

  private async follow(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const { followed } = this;
      const reader = await this.openReader();
      if (!reader) return;
      try {
        while (!signal.aborted && this.followed === followed) await this.step(reader);
      } finally {
        await reader.close();
      }
    }
  }

  private async openReader(): Promise<LogReader | undefined> {
    const { log, generation, outages } = this.options;
    const { signal } = this.stopping;
    const from = new Map<number, From>();
    for (const number of this.followed) {
      const partition = generation.partition(number);
      if (partition) from.set(number, partition.position ?? 'earliest');
    }
    if (from.size === 0) return undefined;
    try {
      return await outages.persist(READING, () => log.reader(topics.conversationEvents.name, from), signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
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
    await this.applyBatch(partition, batch);
    this.options.onRecords(batch.records.length);
  }

  private async next(reader: LogReader): Promise<RecordBatch | undefined> {
    const { outages } = this.options;
    const { signal } = this.stopping;
    try {
      const batch = await reader.next({ maxRecords: BATCH_RECORDS, maxWaitMs: IDLE_WAIT_MS, signal });
      // Without a batch it may still be away; whoever looks at the log's ends knows.
      if (batch || !outages.isLasting(LOG)) outages.over(READING);
      return batch;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!isPassing(error)) throw error;
      outages.begin(READING, error);
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
      if (at % CLOCK_EVERY === 0 && governor.isDue) await this.rest(partition, isBulk, false);
    }
    const last = records.at(-1);
    if (last) partition.mark(last);
    partition.advance(next);
    await this.rest(partition, isBulk, true);
  }

  /** Ends a slice: what was applied becomes visible and is on its way to the disk, and queries get their turn. */
  private async rest(partition: PartitionState, isBulk: boolean, isEnd: boolean): Promise<void> {
    const { generation, governor, isServing } = this.options;
    if (this.isToPublish(partition.partition, isBulk, isEnd)) await generation.publish(partition, governor);
    const { store } = generation;
    if (isBulk && !isServing()) await store.commitAdditions();
    else if (!isBulk || store.uncommitted >= BULK_CHANGES) await store.commitSoon();
    if (governor.isDue) await governor.yield();
  }

  /** As long as nobody is answered from the generation, a conversation is put into the index once: when all is read. */
  private isToPublish(partition: number, isBulk: boolean, isEnd: boolean): boolean {
    const { generation, isAwaited, isShown } = this.options;
    if (!isShown()) return isEnd && !isBulk;
    return !isBulk || isAwaited(partition) || generation.unpublishedCount(partition) >= UNPUBLISHED_MAX;
  }

  private applyRecord(partition: PartitionState, record: LogRecord): Promise<void> | undefined {
    const decoded = this.decode(record);
    return decoded ? this.applyDecoded(partition, record, decoded) : this.applyLate(partition, record);
  }

  private async applyLate(partition: PartitionState, record: LogRecord): Promise<void> {
    const decoded = await this.showingBefore(partition, this.decodeLate(record.value));
    await this.applyDecoded(partition, record, decoded);
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
    await this.showingBefore(partition, this.options.deadLetters.put(record, failure, this.stopping.signal));
    partition.advance(record.offset + 1);
  }

  /**
   * Waits for what one record needs, which must not change the partition. Where that takes long, queries see what was
   * applied before, and the other partitions go on.
   */
  private async showingBefore<T>(partition: PartitionState, work: Promise<T>): Promise<T> {
    const { generation, governor } = this.options;
    const ended = work.then(
      () => false,
      () => false,
    );
    const isSlow = await Promise.race([ended, delay(LONG_WAIT_MS, true, { ref: false })]);
    if (isSlow) {
      await generation.publish(partition, governor);
      this.leaveOthers(partition.partition);
    }
    return work;
  }

  private leaveOthers(stays: number): void {
    const others = this.followed.filter((partition) => partition !== stays);
    if (others.length === 0 || this.stopping.signal.aborted) return;
    this.followed = [stays];
    this.options.onLeft(others);
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

  /** Undefined where the schema has to be fetched first. */
  private decode({ value }: LogRecord): ConversationEvent | Failure | undefined {
    if (!value) return { reason: 'NO_VALUE', detail: 'a tombstone is no event' };
    try {
      return this.options.codec.decodeSync(value);
    } catch (error) {
      return failureOf(error, 'BAD_AVRO');
    }
  }

  /**
   * Of a schema that is not known yet. A registry that does not answer is waited for, whatever keeps it from it: it is
   * no fault of the record, and what comes behind the record must not overtake it.
   */
  private async decodeLate(value: Buffer | null): Promise<ConversationEvent | Failure> {
    const { codec, outages } = this.options;
    try {
      const isWaitedOut = (error: unknown) => !(error instanceof CodecError);
      return await outages.persist(REGISTRY, () => codec.decode(value ?? NOTHING), this.stopping.signal, isWaitedOut);
    } catch (error) {
      if (error instanceof CodecError) return failureOf(error, 'BAD_AVRO');
      throw error;
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
