import { type Codec, conversationDeadLetters, topics } from '@parley/contracts';
import { isLogError, type Log, type LogRecord, type NewRecord, type Offset } from '@parley/log';
import type { Logger } from 'pino';
import type { Counter } from 'prom-client';
import { isPassing, type Outages } from '../outages';
import type { Outbox } from './outbox';
import { readRange } from './read-range';

/** Outage as operators see it. */
const WRITING = 'log (dead letters)';
/** The topic's only one. */
const PARTITION = 0;
/** A longer key is left out where the letter does not fit: it is in it twice. */
const KEY_LENGTH_MAX = 1_024;

/** Why a record could not be used: a stable code, and words without contents. */
export interface Failure {
  readonly reason: string;
  readonly detail: string;
}

export interface DeadLettersOptions {
  readonly log: Log;
  readonly codec: Codec<'DeadLetter'>;
  /** null: another replica writes them; they are counted all the same. */
  readonly outbox: Outbox | null;
  readonly outages: Outages;
  readonly counter: Counter<'reason'>;
  readonly logger: Logger;
}

/**
 * Where records of the conversation log go that can't be decoded or applied: one letter for each. A process that was
 * killed between writing a letter and noting it, or was told nothing of what became of it, looks at the topic before
 * it writes. Only two processes that both take themselves for the publisher can write a letter twice; both are then
 * the same to the byte.
 */
export class DeadLetters {
  /** Partitions whose letters on the topic are known, with the offsets of those that were not noted. */
  private readonly known = new Map<number, ReadonlySet<Offset>>();
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly options: DeadLettersOptions) {}

  /** Resolves when the letter is durable, so that the position never passes a record that is nowhere. */
  async put(record: LogRecord, failure: Failure, signal: AbortSignal): Promise<void> {
    const { outbox, counter, logger } = this.options;
    const { partition, offset } = record;
    counter.inc({ reason: failure.reason });
    logger.warn({ partition, offset, ...failure }, 'record goes to the dead letters');
    if (!outbox) return;
    // Two generations may come to the same record at once.
    const turn = this.writing.then(() => this.putOnce(outbox, record, failure, signal));
    this.writing = turn.catch(() => undefined);
    await turn;
  }

  private async putOnce(outbox: Outbox, record: LogRecord, failure: Failure, signal: AbortSignal): Promise<void> {
    const { partition, offset } = record;
    const { deadLetters, deadLettersEnd } = outbox.deadLetters(partition);
    if (offset < deadLetters) return;
    const attempt = async () => {
      const unnoted = this.known.get(partition) ?? (await this.look(partition, deadLettersEnd, signal));
      this.known.set(partition, unnoted);
      return unnoted.has(offset) ? deadLettersEnd : this.append(record, failure);
    };
    const end = await this.options.outages.persist(WRITING, attempt, signal, (error) => {
      // Whether the letter is there is not known.
      this.known.delete(partition);
      return isPassing(error);
    });
    await outbox.deadLettersReached(partition, { deadLetters: offset + 1, deadLettersEnd: end });
  }

  /** @returns offset of the topic behind the letter */
  private async append(record: LogRecord, failure: Failure): Promise<Offset> {
    const { log } = this.options;
    const write = async (letter: NewRecord) => {
      const [at] = await log.append(conversationDeadLetters.name, [letter]);
      return (at?.offset ?? 0) + 1;
    };
    try {
      return await write(this.letter(record, failure));
    } catch (error) {
      if (!isLogError(error, 'RECORD_TOO_LARGE')) throw error;
      // The letter says more than the record did. Where that lies, the record itself can still be read.
      const { key, value } = record;
      const detail = `${failure.detail}; its value of ${value?.length ?? 0} bytes does not fit in here`;
      const short = { ...record, key: key !== null && key.length > KEY_LENGTH_MAX ? null : key, value: null };
      return write(this.letter(short, { ...failure, detail }));
    }
  }

  /** Finds the letters of a partition that are on the topic but were not noted. */
  private async look(partition: number, from: Offset, signal: AbortSignal): Promise<ReadonlySet<Offset>> {
    const { log } = this.options;
    const { name } = conversationDeadLetters;
    const to = (await log.ends(name)).get(PARTITION) ?? 0;
    const found = new Set<Offset>();
    await readRange(log, name, { partition: PARTITION, from, to, signal }, async ({ value }) => {
      const letter = value && (await this.decode(value));
      const isOurs = letter?.topic === topics.conversationEvents.name && letter.partition === partition;
      if (isOurs) found.add(letter.offset);
    });
    return found;
  }

  /** Anybody may have put something else on the topic. */
  private async decode(value: Buffer) {
    try {
      return (await this.options.codec.decode(value)).value;
    } catch (error) {
      if (isPassing(error)) throw error;
      return undefined;
    }
  }

  private letter({ partition, offset, key, value: content, timestamp }: LogRecord, failure: Failure): NewRecord {
    const value = this.options.codec.encode('DeadLetter', {
      topic: topics.conversationEvents.name,
      partition,
      offset,
      key,
      item: null,
      ...failure,
      value: content,
      // The record's own time: a repetition is the same letter to the byte.
      failedAt: timestamp,
    });
    return { key: key ?? `${partition}/${offset}`, value };
  }
}
