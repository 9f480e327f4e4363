import { ids, registerSchemas, type SchemaRegistrar, type Source, topicSpec, topicsOfSource } from '@parley/contracts';
import type { Log } from '@parley/log';
import { AppError, sourceKey, type Table } from '@parley/service-kit';
import { type Caller, type Command, maySee, notFound } from './command';
import { KeyedLock } from './keyed-lock';

export interface SourceDescription {
  readonly id: string;
  readonly name: string | null;
  readonly imageUrl: string | null;
  /** http or https URL that messages to send are posted to. */
  readonly actionEndpoint: string | null;
}

export interface SourcesOptions {
  readonly table: Table<'Source'>;
  readonly log: Log;
  readonly registry: SchemaRegistrar;
  readonly partitions: number;
  /** Whether no custom source may have the name. */
  readonly isReserved: (name: string) => boolean;
}

/** Custom sources, for all dialects. */
export class Sources {
  private readonly lock = new KeyedLock();

  constructor(private readonly options: SourcesOptions) {}

  /** By name. */
  async list(caller: Caller): Promise<readonly Source[]> {
    const { table } = this.options;
    await table.refresh();
    return [...table.values()]
      .filter((source) => maySee(caller, source.accountId))
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.accountId - b.accountId));
  }

  /**
   * Makes a source and its topics: it can be used as soon as this resolves. The log's order decides who gets a name,
   * also between two instances of this service. A repetition with the same nonce gets its own source again.
   * @throws AppError CONFLICT with field source_id where the name is taken
   */
  create(wanted: SourceDescription, command: Command): Promise<Source> {
    const { accountId } = command.caller;
    const key = sourceKey(accountId, wanted.id);
    const source: Source = {
      ...wanted,
      accountId,
      tokenId: ids.ofCommand('source-token', command.nonce),
      createdAt: command.atMs,
    };
    return this.lock.run(key, async () => {
      if (this.options.isReserved(wanted.id)) throw taken(wanted.id);
      const winner = await this.claim(key, source);
      if (winner.tokenId !== source.tokenId) throw taken(wanted.id);
      return winner;
    });
  }

  /** @throws AppError NOT_FOUND */
  update(wanted: SourceDescription, command: Command): Promise<Source> {
    const key = sourceKey(command.caller.accountId, wanted.id);
    return this.lock.run(key, async () => {
      await this.options.table.sync();
      const before = this.options.table.get(key);
      if (!before) throw notFound('source', 'source_id');
      const after = { ...before, ...wanted };
      await this.options.table.put(key, after);
      return after;
    });
  }

  /** Its token is refused from now on. Deleting what is not there is no error. */
  delete(id: string, command: Command): Promise<void> {
    const key = sourceKey(command.caller.accountId, id);
    return this.lock.run(key, async () => {
      await this.options.table.sync();
      if (this.options.table.get(key)) await this.options.table.remove(key);
    });
  }

  private async claim(key: string, source: Source): Promise<Source> {
    const { table } = this.options;
    let first: Source | undefined;
    const stop = table.onChange((changed, value) => {
      if (changed === key && value) first ??= value;
    });
    try {
      await table.sync();
      const before = table.get(key);
      if (before) return before;
      first = undefined;
      await this.makeTopics(source.id);
      await table.put(key, source);
      const winner = first ?? source;
      // The newest record of a key is what stays of it: one who came later gives the name back.
      if (winner.tokenId !== source.tokenId) await table.put(key, winner);
      return winner;
    } finally {
      stop();
    }
  }

  /** Nobody could deploy them before: what a source needs comes with it. */
  private async makeTopics(id: string): Promise<void> {
    const { log, registry, partitions } = this.options;
    const topics = topicsOfSource(id);
    await log.ensureTopics(topics.map((topic) => topicSpec(topic, partitions)));
    await registerSchemas(registry, topics);
  }
}

function taken(id: string): AppError {
  return new AppError('CONFLICT', { message: `there is a source ${id} already`, field: 'source_id' });
}
