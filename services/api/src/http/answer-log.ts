import { Codec, type IdempotentResponse, isRegistryError, type SchemaRegistry, topics } from '@parley/contracts';
import { isLogError, type Log, LogError, type LogReader, type LogRecord, type RecordBatch } from '@parley/log';
import type { Logger } from 'pino';

const PARTITION = 0;
const WAIT_MS = 1_000;
/** How long a caller waits without anything being read. */
const STALLED_MS = 5_000;
/** Of a record that claims a key, before there is an answer. */
const CLAIMED = 0;

export interface GivenAnswer {
  readonly status: number;
  readonly body: string;
}

/** What the log knows of a key: whose it is, and what was answered, once something was. */
export interface Entry {
  readonly fingerprint: string;
  readonly createdAt: number;
  readonly answer: GivenAnswer | null;
}

/**
 * The answers given under an Idempotency-Key, read from their topic into memory. The log's order decides: the first
 * claim of a key says which request it stands for, the first answer to that request is the answer.
 */
export class AnswerLog {
  private readonly entries = new Map<string, Entry>();
  private position: number;
  /** Read and not taken in yet: the reader does not give it again. */
  private pending: { readonly records: readonly LogRecord[]; readonly next: number } | undefined;
  /** Where somebody waits to have read to. */
  private wanted = 0;
  private syncing: Promise<void> | undefined;
  private reading: Promise<void> | undefined;

  private constructor(
    private readonly log: Log,
    private readonly logger: Logger,
    private readonly codec: Codec<'IdempotentResponse'>,
    private reader: LogReader,
    private readonly keptMs: number,
  ) {
    this.position = this.firstToRead();
  }

  /** Reads what is not older than the topic keeps. The topic must exist. */
  static async open(ctx: { log: Log; registry: SchemaRegistry; logger: Logger }, nowMs: number): Promise<AnswerLog> {
    const topic = topics.idempotentResponses;
    const codec = await Codec.open(topic, ctx.registry);
    const keptMs = topic.retentionMs ?? Number.POSITIVE_INFINITY;
    const reader = await ctx.log.reader(topic.name, { timestamp: Math.max(0, nowMs - keptMs) });
    const answers = new AnswerLog(ctx.log, ctx.logger, codec, reader, keptMs);
    await answers.sync();
    return answers;
  }

  /** Undefined if nobody claimed the key, or too long ago. As of the last sync, claim or answer. */
  get(key: string, nowMs: number): Entry | undefined {
    const entry = this.entries.get(key);
    return entry && entry.createdAt > nowMs - this.keptMs ? entry : undefined;
  }

  claim(key: string, fingerprint: string, nowMs: number): Promise<void> {
    return this.append(key, { fingerprint, status: CLAIMED, body: '', createdAt: nowMs });
  }

  answer(key: string, fingerprint: string, answer: GivenAnswer, nowMs: number): Promise<void> {
    return this.append(key, { fingerprint, status: answer.status, body: answer.body, createdAt: nowMs });
  }

  /** Resolves when all that is on the topic at the time of the call is known. Calls at once share one look. */
  sync(): Promise<void> {
    this.syncing ??= Promise.resolve().then(async () => {
      this.syncing = undefined;
      const end = (await this.log.ends(topics.idempotentResponses.name)).get(PARTITION) ?? 0;
      await this.readTo(end);
    });
    return this.syncing;
  }

  async close(): Promise<void> {
    await this.reader.close();
    await this.reading?.catch(() => undefined);
  }

  private async append(key: string, value: IdempotentResponse): Promise<void> {
    const record = { key, value: this.codec.encode('IdempotentResponse', value), timestamp: value.createdAt };
    const [position] = await this.log.append(topics.idempotentResponses.name, [record]);
    if (!position) throw new Error('the log gave no position for an answer');
    await this.readTo(position.offset + 1);
  }

  private firstToRead(): number {
    return this.reader.positions().get(PARTITION) ?? 0;
  }

  /** All who wait share one reading: a log that is away keeps the last one waiting no longer than the first. */
  private async readTo(end: number): Promise<void> {
    this.wanted = Math.max(this.wanted, end);
    while (this.position < end) {
      this.reading ??= this.read().finally(() => {
        this.reading = undefined;
      });
      await this.reading;
    }
  }

  /** @throws LOG_UNAVAILABLE, REGISTRY_UNAVAILABLE  retryable: the next call goes on there */
  private async read(): Promise<void> {
    let progressAt = performance.now();
    while (this.position < this.wanted) {
      const before = this.position;
      await this.readSome();
      if (this.position > before) progressAt = performance.now();
      else if (performance.now() - progressAt > STALLED_MS) {
        const facts = { topic: topics.idempotentResponses.name, position: this.position, wanted: this.wanted };
        throw new LogError('LOG_UNAVAILABLE', `${facts.topic}: what is at ${this.position} does not come`, facts);
      }
    }
  }

  private async readSome(): Promise<void> {
    if (!this.pending) {
      const batch = await this.nextHeld();
      if (!batch) {
        this.position = this.firstToRead();
        return;
      }
      this.pending = batch;
    }
    const { records, next } = this.pending;
    for (const record of records) {
      await this.take(record);
      this.position = record.offset + 1;
    }
    this.pending = undefined;
    this.position = next;
  }

  /** What an instance that was asked nothing for long would read next has expired meanwhile: it goes on behind that. */
  private async nextHeld(): Promise<RecordBatch | undefined> {
    try {
      return await this.reader.next({ maxWaitMs: WAIT_MS });
    } catch (error) {
      if (!isLogError(error, 'OFFSET_OUT_OF_RANGE')) throw error;
      const expired = this.reader;
      this.reader = await this.log.reader(topics.idempotentResponses.name, 'earliest');
      await expired.close();
      return undefined;
    }
  }

  private async take({ key, value, offset }: LogRecord): Promise<void> {
    // Taken in before a later one could not be.
    if (key === null || value === null || offset < this.position) return;
    let record: IdempotentResponse;
    try {
      record = (await this.codec.decode(value)).value;
    } catch (err) {
      // No fault of the record: whoever comes next tries again.
      if (isRegistryError(err)) throw err;
      this.logger.error({ err, topic: topics.idempotentResponses.name, offset }, 'answer can not be read');
      return;
    }
    this.forget(record.createdAt - this.keptMs);
    const before = this.get(key, record.createdAt);
    const { fingerprint, status, body, createdAt } = record;
    if (before && (before.fingerprint !== fingerprint || before.answer || status === CLAIMED)) return;
    this.entries.set(key, { fingerprint, createdAt, answer: status === CLAIMED ? null : { status, body } });
  }

  /** Entries are held in the order in which their keys were first claimed: the oldest come first. */
  private forget(beforeMs: number): void {
    for (const [key, { createdAt }] of this.entries) {
      if (createdAt > beforeMs) return;
      this.entries.delete(key);
    }
  }
}
