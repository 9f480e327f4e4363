import { Codec, type DeadLetter, deadLetterTopic, type SchemaRegistry } from '@parley/contracts';
import { isLogError, type Log, type LogRecord } from '@parley/log';
import type { Rejected } from './route';

/** A longer key is left out where the letter does not fit: it is in it twice. */
const KEY_LENGTH_MAX = 1_024;

/** Writes what could not be used to `<raw topic>.dead-letters`. */
export class DeadLetters {
  private readonly codecs = new Map<string, Codec<'DeadLetter'>>();

  constructor(
    private readonly log: Log,
    private readonly registry: SchemaRegistry,
  ) {}

  async append(rejected: readonly Rejected[]): Promise<void> {
    for (const topic of new Set(rejected.map((one) => one.topic))) {
      await this.appendOf(
        topic,
        rejected.filter((one) => one.topic === topic),
      );
    }
  }

  private async appendOf(topic: string, rejected: readonly Rejected[]): Promise<void> {
    const dead = deadLetterTopic(topic);
    const codec = this.codecs.get(topic) ?? (await Codec.open(dead, this.registry));
    this.codecs.set(topic, codec);
    const failedAt = Date.now();
    // A record of a thousand bad parts is kept once, not a thousand times.
    const kept = new Set<LogRecord>();
    const letters = rejected.map(({ record, path, reason, detail }): DeadLetter => {
      const value = kept.has(record) ? null : record.value;
      kept.add(record);
      const { partition, offset, key } = record;
      return { topic, partition, offset, key, item: path === '' ? null : path, reason, detail, value, failedAt };
    });
    await this.write(dead.name, letters, codec);
  }

  /** However many and large they are: what no append takes must not stop the router for good. */
  private async write(topic: string, letters: readonly DeadLetter[], codec: Codec<'DeadLetter'>): Promise<void> {
    try {
      const records = letters.map((letter) => ({ key: letter.key, value: codec.encode('DeadLetter', letter) }));
      await this.log.append(topic, records);
    } catch (error) {
      const [only, ...others] = letters;
      if (!isLogError(error, 'RECORD_TOO_LARGE') || !only) throw error;
      if (others.length === 0) return this.writeWithoutContent(topic, only, codec);
      const half = Math.ceil(letters.length / 2);
      await this.write(topic, letters.slice(0, half), codec);
      await this.write(topic, letters.slice(half), codec);
    }
  }

  /** Where the record lies it can still be read. */
  private async writeWithoutContent(topic: string, letter: DeadLetter, codec: Codec<'DeadLetter'>): Promise<void> {
    const { key, value } = letter;
    const short = {
      ...letter,
      key: key !== null && key.length > KEY_LENGTH_MAX ? null : key,
      value: null,
      detail: `${letter.detail}; its value of ${value?.length ?? 0} bytes does not fit in here`,
    };
    await this.log.append(topic, [{ key: short.key, value: codec.encode('DeadLetter', short) }]);
  }
}
