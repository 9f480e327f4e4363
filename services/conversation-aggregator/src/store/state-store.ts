import type { ConversationState, MessageRow } from '@parley/conversations';
import type { Database } from 'lmdb';
import { Arena, readNumber } from './arena';
import { blockOf, indexOf, storedRow } from './block';
import { type Environment, openEnvironment, type StoreMarker } from './environment';
import { IdFilter } from './id-filter';
import { blockKey, idKey, partitionPrefix, prefixRange } from './keys';
import { PartitionState } from './partition-state';
import { readMessage } from './rows';
import { readHeld } from './tail';

/** Conversations kept in memory, over all partitions. */
const CACHED_CONVERSATIONS = 150_000;
/** Uncommitted changes beyond which the reading waits for the commit under way. */
const UNCOMMITTED_MAX = 60_000;
/** Additions in one commit of nothing else. */
const ADDITIONS = 60_000;
/** Changes kept in memory while additions alone are committed. */
const KEPT_CHANGES_MAX = 300_000;
/** Commits of additions alone between two whole ones: what a process that is killed has to read again. */
const ADDITIONS_IN_ROW = 16;

export interface StateStoreOptions {
  readonly dir: string;
  readonly marker: StoreMarker;
  /** Partitions to hold. */
  readonly served: readonly number[];
}

/** One committed moment of the store: later commits don't change what it shows. */
export interface Snapshot {
  position(partition: number): number;
  conversations(partition: number): Iterable<ConversationState>;
  /** In the order of their ids. */
  messages(partition: number): Iterable<MessageRow>;
  close(): void;
}

/** One generation of states and positions. A commit takes the changes of all partitions with their positions. */
export class StateStore {
  readonly partitions: ReadonlyMap<number, PartitionState>;
  /** What the store on disk was made with. */
  readonly marker: StoreMarker;
  private readonly env: Environment;
  private readonly arena = new Arena();
  private commitUnderWay: Promise<void> | undefined;
  private additionsInRow = 0;

  /** @throws StoreError */
  constructor({ dir, marker, served }: StateStoreOptions) {
    const opened = openEnvironment(dir, marker);
    this.env = opened.env;
    this.marker = opened.marker;
    const cached = Math.ceil(CACHED_CONVERSATIONS / Math.max(1, served.length));
    // What a store has that was made before this process, only looking tells.
    const ids = isEmpty(this.env.messageIds) && isEmpty(this.env.events) ? new IdFilter() : undefined;
    this.partitions = new Map(
      served.map((partition) => [
        partition,
        new PartitionState({ env: this.env, partition, partitions: marker.partitions, cached, ids }),
      ]),
    );
  }

  /** Changes and additions that are not committed. */
  get uncommitted(): number {
    return this.sum((partition) => partition.additions + partition.changes);
  }

  /** Whether the generation reached the log's end once: only then may it replace another. */
  get complete(): boolean {
    return this.env.meta.get('complete') === true;
  }

  async markComplete(): Promise<void> {
    await this.env.meta.put('complete', true);
  }

  /** Begins a commit where none is under way; waits only if far too much has gathered. */
  async commitSoon(): Promise<void> {
    if (!this.commitUnderWay) void this.commit(true);
    else if (this.uncommitted > UNCOMMITTED_MAX) await this.commitUnderWay;
  }

  /**
   * For reading in bulk: to be called often. Commits what was added once it is much, without the position, and rarely
   * the rest: a conversation that changes again and again is written a few times only. A process that is killed goes on
   * from the last position; what was added behind it counts for nothing until it is added again.
   */
  async commitAdditions(): Promise<void> {
    if (this.sum((partition) => partition.additions) < ADDITIONS) return;
    if (this.commitUnderWay) await this.commitUnderWay;
    const kept = this.sum((partition) => partition.changes);
    void this.commit(this.additionsInRow >= ADDITIONS_IN_ROW || kept > KEPT_CHANGES_MAX);
  }

  /** Resolves when everything that was applied before the call is committed. @throws what LMDB reports, a full disk for one */
  async flush(): Promise<void> {
    while (this.commitUnderWay) await this.commitUnderWay;
    await this.commit(true);
  }

  snapshot(): Snapshot {
    const { env } = this;
    const transaction = env.root.useReadTransaction();
    return {
      position: (partition) => (env.meta.get(`position/${partition}`, { transaction }) as number | undefined) ?? 0,
      conversations: (partition) =>
        env.conversations
          .getRange({ ...prefixRange(partitionPrefix(partition)), transaction })
          .map(({ value }) => readHeld(value).state),
      messages: (partition) => {
        const nextBlock = (env.meta.get(`next-block/${partition}`, { transaction }) as number | undefined) ?? 0;
        const read = (key: Uint8Array, row: number): MessageRow[] => {
          if (blockOf(row) >= nextBlock) return [];
          const block = env.blocks.get(blockKey(partition, blockOf(row)), { transaction });
          if (!block) throw new Error(`partition ${partition} has no message row ${row}`);
          const from = storedRow(block, indexOf(row));
          const message = from && readMessage(from);
          // What was added behind the position is not there yet.
          return message && idKey(partition, message.id).equals(key) ? [message] : [];
        };
        return env.messageIds
          .getRange({ ...prefixRange(partitionPrefix(partition)), transaction })
          .flatMap(({ key, value }) => read(key, readNumber(value)));
      },
      close: () => transaction.done(),
    };
  }

  async close(): Promise<void> {
    await this.flush();
    await this.env.root.close();
  }

  /** Leaves what is not committed behind: the log has it. */
  async abandon(): Promise<void> {
    await this.commitUnderWay;
    await this.env.root.close();
  }

  private sum(of: (partition: PartitionState) => number): number {
    let sum = 0;
    for (const partition of this.partitions.values()) sum += of(partition);
    return sum;
  }

  private commit(isWhole: boolean): Promise<void> {
    this.commitUnderWay ??= this.write(isWhole).finally(() => {
      this.commitUnderWay = undefined;
    });
    return this.commitUnderWay;
  }

  private async write(isWhole: boolean): Promise<void> {
    this.additionsInRow = isWhole ? 0 : this.additionsInRow + 1;
    const parts = [...this.partitions.values()].flatMap((state) => {
      const layer = isWhole ? state.beginCommit() : state.beginAdditions();
      return layer ? [{ state, layer }] : [];
    });
    if (parts.length === 0) return;
    await this.env.root.batch(() => {
      for (const { state, layer } of parts) state.write(layer, this.arena);
    });
    // The read transaction is older than the commit: without a new one the changes would be seen nowhere for a while.
    this.env.root.resetReadTxn();
    this.arena.reset();
    for (const { state } of parts) state.committed();
  }
}

function isEmpty(database: Database<Buffer, Uint8Array>): boolean {
  return [...database.getKeys({ limit: 1 })].length === 0;
}
