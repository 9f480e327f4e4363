import { setTimeout as delay } from 'node:timers/promises';
import { Codec, deadLetterTopic, type SchemaRegistry, topics } from '@parley/contracts';
import { isLogError, type Log, type LogRecord, type NewRecord } from '@parley/log';
import type { Logger } from 'pino';
import type { Counter } from 'prom-client';
import type { Outbox } from './outbox';

const RETRY_MS = 250;

export const conversationDeadLetters = deadLetterTopic(topics.conversationEvents.name);

/** Why a record could not be used: a stable code, and words without contents. */
export interface Failure {
  readonly reason: string;
  readonly detail: string;
}

export interface DeadLettersOptions {
  readonly log: Log;
  readonly registry: SchemaRegistry;
  /** null: another replica writes them; they are counted all the same. */
  readonly outbox: Outbox | null;
  readonly counter: Counter<'reason'>;
  readonly logger: Logger;
}

/** Where records of the conversation log go that can't be decoded or applied. */
export class DeadLetters {
  private constructor(
    private readonly options: DeadLettersOptions,
    private readonly codec: Codec<'DeadLetter'>,
  ) {}

  static async open(options: DeadLettersOptions): Promise<DeadLetters> {
    return new DeadLetters(options, await Codec.open(conversationDeadLetters, options.registry));
  }

  /**
   * Resolves when the letter is durable, so that the position never passes a record that is nowhere. A replay writes
   * it at most once more, under the same key.
   */
  async put(record: LogRecord, failure: Failure, signal: AbortSignal): Promise<void> {
    const { outbox, counter, logger } = this.options;
    const { partition, offset } = record;
    counter.inc({ reason: failure.reason });
    logger.warn({ partition, offset, ...failure }, 'record goes to the dead letters');
    if (!outbox || offset < outbox.deadLetterPosition(partition)) return;
    await this.append(record, failure, signal);
    await outbox.deadLettersReached(partition, offset + 1);
  }

  private async append(record: LogRecord, failure: Failure, signal: AbortSignal): Promise<void> {
    try {
      await this.write(this.letter(record, failure, record.value), signal);
    } catch (error) {
      if (!isLogError(error, 'RECORD_TOO_LARGE') || !record.value) throw error;
      // The letter says more than the record did. Where that lies, the record itself can still be read.
      const detail = `${failure.detail}; its value of ${record.value.length} bytes does not fit in here`;
      await this.write(this.letter(record, { ...failure, detail }, null), signal);
    }
  }

  private letter(record: LogRecord, failure: Failure, content: Buffer | null): NewRecord {
    const { partition, offset, key } = record;
    const value = this.codec.encode('DeadLetter', {
      topic: topics.conversationEvents.name,
      partition,
      offset,
      key,
      item: null,
      ...failure,
      value: content,
      // The record's own time: a repetition is the same letter to the byte.
      failedAt: record.timestamp,
    });
    return { key: key ?? `${partition}/${offset}`, value };
  }

  private async write(letter: NewRecord, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.options.log.append(conversationDeadLetters.name, [letter]);
        return;
      } catch (error) {
        if (!isLogError(error) || !error.retryable) throw error;
        await delay(RETRY_MS, undefined, { signal });
      }
    }
  }
}
