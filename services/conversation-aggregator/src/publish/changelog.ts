import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Codec, type SchemaRegistry, topics } from '@parley/contracts';
import { toSnapshot, viewConversation } from '@parley/conversations';
import { isLogError, type Log, type NewRecord } from '@parley/log';
import type { Logger } from 'pino';
import { type Generation, lastMessage } from '../partition/generation';
import type { PartitionState } from '../store/partition-state';
import type { Outbox } from './outbox';

/** Snapshots made between two turns of the queries. */
const CHUNK = 100;
/** Changes within this time are written as one, milliseconds. */
const COALESCE_MS = 50;
const RETRY_MS = 250;

export interface ChangelogOptions {
  readonly log: Log;
  readonly registry: SchemaRegistry;
  readonly outbox: Outbox;
  readonly generation: Generation;
  readonly logger: Logger;
}

interface Stale {
  ids: Set<string>;
  /** Position that the states have when all ids are written. */
  position: number;
}

/**
 * Publishes the newest state of every changed conversation, keyed by its id. Runs behind the queries; after a crash it
 * goes on from the last position that was written whole, and so repeats at most what was on its way.
 */
export class Changelog {
  private readonly stale = new Map<number, Stale>();
  private readonly stopping = new AbortController();
  private wake: () => void = () => {};
  private running: Promise<void> | undefined;
  private leftOut = 0;

  private constructor(
    private readonly options: ChangelogOptions,
    private readonly codec: Codec<'Conversation'>,
  ) {}

  static async open(options: ChangelogOptions): Promise<Changelog> {
    return new Changelog(options, await Codec.open(topics.conversations, options.registry));
  }

  /** Begins with what an earlier run did not get written. */
  run(): Promise<void> {
    this.running ??= this.work();
    return this.running;
  }

  changed(partition: number, position: number, ids: ReadonlySet<string>): void {
    const stale = this.stale.get(partition) ?? { ids: new Set(), position };
    for (const id of ids) stale.ids.add(id);
    stale.position = position;
    this.stale.set(partition, stale);
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.running?.catch(() => undefined);
  }

  private async work(): Promise<void> {
    const { generation } = this.options;
    for (const partition of generation.partitions.values()) await this.findUnwritten(partition);
    while (!this.stopping.signal.aborted) {
      const due = [...this.stale];
      this.stale.clear();
      for (const [partition, stale] of due) await this.write(partition, stale);
      await this.rest();
    }
  }

  /** What changed after the last whole write tells its position itself. */
  private async findUnwritten(partition: PartitionState): Promise<void> {
    const { generation, outbox } = this.options;
    const number = partition.partition;
    const written = outbox.changelogPosition(number, generation.store.marker.reducer);
    const position = generation.published(number);
    if (written >= position) return;
    let after: Buffer | undefined;
    do {
      const chunk = partition.storedConversations(after, CHUNK);
      this.changed(
        number,
        position,
        new Set(chunk.filter(({ state }) => state.position >= written).map((c) => c.state.id)),
      );
      after = chunk.at(-1)?.key;
      await turn();
    } while (after && !this.stopping.signal.aborted);
  }

  private async write(number: number, { ids, position }: Stale): Promise<void> {
    const { generation, outbox } = this.options;
    const partition = generation.partition(number);
    if (!partition) return;
    let records: NewRecord[] = [];
    for (const id of ids) {
      const record = this.record(partition, id);
      if (record) records.push(record);
      if (records.length === CHUNK) {
        await this.append(records);
        records = [];
        await turn();
      }
    }
    await this.append(records);
    if (this.stopping.signal.aborted) return;
    await outbox.changelogReached(number, position, generation.store.marker.reducer);
  }

  private record(partition: PartitionState, id: string): NewRecord | undefined {
    const state = partition.conversation(id);
    const last = state && lastMessage(partition, state);
    if (!last) return undefined;
    const snapshot = toSnapshot(viewConversation(state, last), state.position);
    return { key: id, value: this.codec.encode('Conversation', snapshot), partition: partition.partition };
  }

  private async append(records: readonly NewRecord[]): Promise<void> {
    const { signal } = this.stopping;
    while (records.length > 0 && !signal.aborted) {
      try {
        await this.options.log.append(topics.conversations.name, records);
        return;
      } catch (error) {
        if (isLogError(error, 'RECORD_TOO_LARGE')) return this.appendWhatFits(records);
        if (!isLogError(error) || !error.retryable) throw error;
        this.options.logger.warn({ err: error }, 'the log does not take the changelog; trying again');
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** One conversation that is too large must not keep the others off the changelog. */
  private async appendWhatFits(records: readonly NewRecord[]): Promise<void> {
    if (records.length > 1) {
      for (const record of records) await this.append([record]);
      return;
    }
    for (const { key, value } of records) {
      this.leftOut += 1;
      this.options.logger.error(
        { conversationId: key, bytes: value?.length ?? 0, leftOut: this.leftOut },
        'a conversation is too large for the changelog, which keeps its former state',
      );
    }
  }

  private async rest(): Promise<void> {
    if (this.stale.size === 0 && !this.stopping.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    await delay(COALESCE_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
