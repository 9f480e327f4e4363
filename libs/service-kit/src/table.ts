import { Codec, type RecordName, type RecordTypes, type SchemaRegistry, type Topic } from '@parley/contracts';
import { type Log, LogError, type LogReader, type LogRecord, type Offset, type Position } from '@parley/log';
import type { Logger } from 'pino';

const PARTITION = 0;
const WAIT_MS = 5_000;
const RETRY_MS = 200;

type Listener<V> = (key: string, value: V | null) => void;

export interface TableContext {
  readonly log: Log;
  readonly registry: SchemaRegistry;
  readonly logger: Logger;
}

/**
 * Reference data: a compacted topic of one partition, read whole into memory and kept up to date. Whoever needs a
 * channel's or tag's name joins it from here when a question is asked.
 */
export class Table<R extends RecordName> {
  private readonly rows = new Map<string, RecordTypes[R]>();
  private readonly listeners = new Set<Listener<RecordTypes[R]>>();
  private waiters: { readonly end: Offset; readonly resolve: () => void; readonly reject: (e: Error) => void }[] = [];
  private position: Offset = 0;
  private failure: Error | undefined;
  private syncing: Promise<void> | undefined;
  private readonly stop = new AbortController();
  private running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly ctx: TableContext,
    private readonly topic: Topic<R>,
    private readonly record: R,
    private readonly codec: Codec<R>,
    private readonly reader: LogReader,
  ) {}

  /** Resolves once everything on the topic has been read. The topic must exist. */
  static async open<R extends RecordName>(ctx: TableContext, topic: Topic<R>): Promise<Table<R>> {
    const [record] = topic.records;
    if (!record || topic.partitions !== 'single')
      throw new Error(`${topic.name} is no table: one record, one partition`);
    const codec = await Codec.open(topic, ctx.registry);
    const table = new Table(ctx, topic, record, codec, await ctx.log.reader(topic.name, 'earliest'));
    table.running = table.follow();
    await table.sync();
    return table;
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

  /** Resolves when all that is on the topic at the time of the call is here. Calls at once share one look at the log. */
  sync(): Promise<void> {
    // One that is under way may have looked at the end before this call: only one that has not begun is shared.
    this.syncing ??= Promise.resolve().then(async () => {
      this.syncing = undefined;
      const end = (await this.ctx.log.ends(this.topic.name)).get(PARTITION) ?? 0;
      await this.reached(end);
    });
    return this.syncing;
  }

  /** Appends a row and resolves when it is here. */
  async put(key: string, value: RecordTypes[R]): Promise<Position> {
    return this.write(key, this.codec.encode(this.record, value));
  }

  /** Appends a tombstone and resolves when the row is gone here. */
  async remove(key: string): Promise<Position> {
    return this.write(key, null);
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.reader.close();
    await this.running;
    this.fail(new LogError('LOG_CLOSED', `${this.topic.name}: the table was closed`));
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
    return new Promise((resolve, reject) => this.waiters.push({ end, resolve, reject }));
  }

  private async follow(): Promise<void> {
    while (!this.stop.signal.aborted) {
      try {
        const batch = await this.reader.next({ maxWaitMs: WAIT_MS, maxRecords: 1_000, signal: this.stop.signal });
        if (!batch) continue;
        for (const record of batch.records) await this.apply(record);
        this.position = batch.next;
        this.release();
      } catch (error) {
        if (this.stop.signal.aborted) return;
        if (!(error instanceof LogError && error.retryable)) {
          this.ctx.logger.error({ err: error, topic: this.topic.name }, 'table can not be read');
          this.fail(error as Error);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private async apply(record: LogRecord): Promise<void> {
    if (record.key === null) return;
    try {
      const value = record.value && (await this.codec.decode(record.value)).value;
      if (value) this.rows.set(record.key, value as RecordTypes[R]);
      else this.rows.delete(record.key);
      for (const listener of this.listeners) listener(record.key, value as RecordTypes[R] | null);
    } catch (error) {
      this.ctx.logger.error(
        { err: error, topic: this.topic.name, partition: record.partition, offset: record.offset, key: record.key },
        'row can not be read and is left out',
      );
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
