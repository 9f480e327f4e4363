import { Codec, deadLetterTopic, type SchemaRegistry } from '@parley/contracts';
import type { Log, LogRecord, NewRecord } from '@parley/log';
import type { Rejected } from './route';

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
    const letters = rejected.map(({ record, path, reason, detail }): NewRecord => {
      const value = kept.has(record) ? null : record.value;
      kept.add(record);
      const { partition, offset, key } = record;
      const letter = {
        topic,
        partition,
        offset,
        key,
        item: path === '' ? null : path,
        reason,
        detail,
        value,
        failedAt,
      };
      return { key, value: codec.encode('DeadLetter', letter) };
    });
    await this.log.append(dead.name, letters);
  }
}
