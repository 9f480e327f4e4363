import { setTimeout as delay } from 'node:timers/promises';
import {
  Codec,
  isRegistryError,
  type RecordName,
  type RecordTypes,
  type SchemaRegistry,
  type Topic,
} from '@parley/contracts';
import {
  isLogError,
  type Log,
  LogError,
  type LogReader,
  type LogRecord,
  type Offset,
  type Position,
} from '@parley/log';
import type { Logger } from 'pino';
import { isUnavailable, Outage } from './availability';

const PARTITION = 0;
const WAIT_MS = 5_000;
const RETRY_MS = 200;
/** How long a caller waits for a position: one who is told to try again is better off than one who is not told. */
const REACHED_MS = 5_000;

type Listener<V> = (key: string, value: V | null) => void;

export interface TableContext {
  readonly log: Log;
  readonly registry: SchemaRegistry;
  readonly logger: Logger;
  /** Aborted before the log is closed under the tables that are open: they close with it. */
  readonly ending?: AbortSignal;
  /** Told where a table can't be read on: a service that went on would never hear of a change again. */
  readonly onFatal?: (error: unknown) => void;
}

/**
 * Reference data: a compacted topic of one partition, read whole into memory and kept up to date. Whoever needs a
 * channel's or tag's name joins it from here when a question is asked.
 */
export class Table<R extends RecordName> {
  private readonly rows = new Map<string, RecordTypes[R]>();
  private readonly listeners = new Set<Listener<RecordTypes[R]>>();
  private waiters: { readonly end: Offset; readonly resolve: () => void; readonly reject: (e: Error) => void }[] = [];
  private readonly outage: Outage;
  private position: Offset = 0;
  private failure: Error | undefined;
  /** Why the log could not be asked when it last was. */
  private away: LogError | undefined;
  private lookingForLog: Promise<void> | undefined;
  private syncing: Promise<void> | undefined;
  private readonly stop = new AbortController();
  private running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly ctx: TableContext,
    private readonly topic: Topic<R>,
    private readonly record: R,
    private readonly codec: Codec<R>,
    private readonly reader: LogReader,
  ) {
    this.outage = new Outage(ctx.logger, `the table of ${topic.name}`);
  }

  /**
   * Resolves once everything on the topic has been read. The topic must exist.
   * @throws LOG_UNAVAILABLE  nothing came for some seconds
   */
  static async open<R extends RecordName>(ctx: TableContext, topic: Topic<R>): Promise<Table<R>> {
    const [record] = topic.records;
    if (!record || topic.partitions !== 'single')
      throw new Error(`${topic.name} is no table: one record, one partition`);
    const codec = await Codec.open(topic, ctx.registry);
    const table = new Table(ctx, topic, record, codec, await ctx.log.reader(topic.name, 'earliest'));
    table.running = table.follow();
    ctx.ending?.addEventListener('abort', () => void table.close(), { once: true });
    try {
      await table.readWhole();
    } catch (error) {
      await table.close();
      throw error;
    }
    return table;
  }

  /** A large table takes its time: it is waited for as long as it goes on. */
  private async readWhole(): Promise<void> {
    for (let before = -1; ; ) {
      try {
        return await this.sync();
      } catch (error) {
        if (!isLogError(error, 'LOG_UNAVAILABLE') || this.position === before) throw error;
        before = this.position;
      }
    }
  }

  get(key: string): RecordTypes[R] | undefined {
    return this.rows.get(key);
  }

  values(): IterableIterator<RecordTypes[R]> {
    return this.rows.values();
  }

  /** Called for every later change, in log order; null for a removal. Returns the way to stop it. */
  onChange(listener: Listener<RecordTypes[R]>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Resolves when all that is on the topic at the time of the call is here. Calls at once share one look at the log.
   * @throws LOG_UNAVAILABLE  retryable: the log does not answer, or what it has did not come within some seconds
   */
  sync(): Promise<void> {
    // One that is under way may have looked at the end before this call: only one that has not begun is shared.
    this.syncing ??= Promise.resolve().then(async () => {
      this.syncing = undefined;
      await this.reached(await this.end());
    });
    return this.syncing;
  }

  /**
   * As sync, for who changes nothing by what is here: while the log is away, which nobody can write to then, it resolves
   * with what was last known, and once that is found out nobody waits for the log any more.
   * @throws LOG_UNAVAILABLE  the log is there, but what it has did not come: somebody may have changed it
   */
  async refresh(): Promise<void> {
    if (this.away && !this.failure) return;
    try {
      await this.sync();
    } catch (error) {
      if (!this.away || this.failure) throw error;
    }
  }

  /**
   * The row of a key, as refresh.
   * @param suits  whether a row is what is looked for; none counts as one that does not
   * @throws LOG_UNAVAILABLE  what is here does not suit, and the log, which may have another, is away
   */
  async find(key: string, suits: (row: RecordTypes[R]) => boolean = () => true): Promise<RecordTypes[R] | undefined> {
    await this.refresh();
    const row = this.rows.get(key);
    if (this.away && !(row && suits(row))) throw this.away;
    return row;
  }

  /** Appends a row and resolves when it is here. @throws LOG_UNAVAILABLE  retryable: it may or may not be there */
  async put(key: string, value: RecordTypes[R]): Promise<Position> {
    return this.write(key, this.codec.encode(this.record, value));
  }

  /** Appends a tombstone and resolves when the row is gone here. @throws LOG_UNAVAILABLE  as put */
  async remove(key: string): Promise<Position> {
    return this.write(key, null);
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.reader.close();
    await this.running;
    this.fail(new LogError('LOG_CLOSED', `${this.topic.name}: the table was closed`));
  }

  private async end(): Promise<Offset> {
    try {
      const ends = await this.ctx.log.ends(this.topic.name);
      this.away = undefined;
      return ends.get(PARTITION) ?? 0;
    } catch (error) {
      if (isLogError(error, 'LOG_UNAVAILABLE')) {
        this.away = error;
        this.lookForLog();
      }
      throw error;
    }
  }

  /** Until it is there: whoever reads does not wait for it meanwhile, and must again from then on. */
  private lookForLog(): void {
    this.lookingForLog ??= this.untilThere().finally(() => {
      this.lookingForLog = undefined;
    });
  }

  private async untilThere(): Promise<void> {
    while (!this.stop.signal.aborted) {
      try {
        await this.end();
        return;
      } catch (error) {
        if (!isLogError(error, 'LOG_UNAVAILABLE')) {
          // It answers, if not as it should: whoever reads next asks it, and is told.
          this.away = undefined;
          return;
        }
      }
      await delay(RETRY_MS);
    }
  }

  private async write(key: string, value: Buffer | null): Promise<Position> {
    const [position] = await this.ctx.log.append(this.topic.name, [{ key, value }]);
    if (!position) throw new Error(`${this.topic.name}: append gave no position`);
    await this.reached(position.offset + 1);
    return position;
  }

  private reached(end: Offset): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.position >= end) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        const facts = { topic: this.topic.name, partition: PARTITION, position: this.position, end };
        reject(new LogError('LOG_UNAVAILABLE', `${this.topic.name}: position ${end} did not come in time`, facts));
      }, REACHED_MS);
      const settle =
        <T extends unknown[]>(then: (...args: T) => void) =>
        (...args: T) => {
          clearTimeout(timer);
          then(...args);
        };
      const waiter = { end, resolve: settle(resolve), reject: settle(reject) };
      this.waiters.push(waiter);
    });
  }

  private async follow(): Promise<void> {
    while (!this.stop.signal.aborted) {
      try {
        const batch = await this.reader.next({ maxWaitMs: WAIT_MS, maxRecords: 1_000, signal: this.stop.signal });
        if (!batch) {
          this.outage.isQuiet();
          continue;
        }
        this.outage.isOver();
        for (const record of batch.records) await this.apply(record);
        this.position = batch.next;
        this.release();
      } catch (error) {
        if (this.stop.signal.aborted) return;
        if (!isUnavailable(error)) {
          this.ctx.logger.error({ err: error, topic: this.topic.name }, 'table can not be read');
          this.fail(error as Error);
          this.ctx.onFatal?.(error);
          return;
        }
        this.outage.goesOn(error);
        this.lookForLog();
        await delay(RETRY_MS);
      }
    }
  }

  private async apply(record: LogRecord): Promise<void> {
    if (record.key === null) return;
    try {
      const value = record.value && (await this.decoded(record.value));
      if (value) this.rows.set(record.key, value);
      else this.rows.delete(record.key);
      for (const listener of this.listeners) listener(record.key, value);
    } catch (error) {
      if (this.stop.signal.aborted) throw error;
      this.ctx.logger.error(
        { err: error, topic: this.topic.name, partition: record.partition, offset: record.offset, key: record.key },
        'row can not be read and is left out',
      );
    }
  }

  /** A registry that does not answer is no fault of the row: it is waited for, and what comes after the row with it. */
  private async decoded(value: Buffer): Promise<RecordTypes[R]> {
    for (;;) {
      try {
        const { value: row } = await this.codec.decode(value);
        this.outage.isOver();
        return row as RecordTypes[R];
      } catch (error) {
        if (!isRegistryError(error)) throw error;
        this.outage.goesOn(error);
        await delay(RETRY_MS, undefined, { signal: this.stop.signal });
      }
    }
  }

  private release(): void {
    const due = this.waiters.filter((w) => w.end <= this.position);
    if (!due.length) return;
    this.waiters = this.waiters.filter((w) => w.end > this.position);
    for (const waiter of due) waiter.resolve();
  }

  /** Nothing is read any more: whoever waits, now or later, is told instead of kept waiting. */
  private fail(error: Error): void {
    this.failure = error;
    for (const waiter of this.waiters) waiter.reject(error);
    this.waiters = [];
  }
}
