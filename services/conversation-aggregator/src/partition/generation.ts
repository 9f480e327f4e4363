import { type ConversationState, conversationFields, metadataFieldPrefix, searchFields } from '@parley/conversations';
import { partitionOf } from '@parley/log';
import { createIndex, type SearchIndex } from '@parley/search';
import { ViewCache } from '../query/view-cache';
import type { PartitionState } from '../store/partition-state';
import { StateStore, type StateStoreOptions } from '../store/state-store';
import type { Governor } from './governor';

const LOAD_CHUNK = 500;
/** Where this many conversations wait for an index that answers, they are put in although the log's end is far. */
export const UNPUBLISHED_MAX = 50_000;

/** Told of conversations that are found by queries in a new state. */
export type OnPublished = (partition: number, position: number, changed: ReadonlySet<string>) => void;

export interface FoundConversation {
  readonly state: ConversationState;
  readonly partition: PartitionState;
}

/**
 * One generation of the read model: the states of the served partitions and the index over them. What is applied is
 * found by id at once, and by search as soon as it is published.
 */
export class Generation {
  readonly store: StateStore;
  readonly index: SearchIndex = createIndex({
    fields: conversationFields,
    dynamicPrefix: metadataFieldPrefix,
    defaultField: 'id',
  });
  readonly views = new ViewCache();
  /** Set by whoever follows; called after each publication. */
  onPublished: OnPublished = () => {};
  private readonly live: Map<number, PartitionState>;
  private readonly unpublished = new Map<number, Set<string>>();
  private readonly positions = new Map<number, number>();
  private indexed = 0;

  /** @throws StoreError */
  constructor(
    readonly dir: string,
    options: Omit<StateStoreOptions, 'dir'>,
  ) {
    this.store = new StateStore({ ...options, dir });
    this.live = new Map(this.store.partitions);
  }

  /** Fills the index from the store, in slices. @throws StoreError */
  async load(governor: Governor): Promise<void> {
    this.indexed = this.live.size;
    for (const [number, partition] of this.live) {
      let after: Buffer | undefined;
      do {
        const chunk = partition.storedConversations(after, LOAD_CHUNK);
        for (const { state } of chunk) this.put(partition, state);
        after = chunk.at(-1)?.key;
        if (governor.isDue) await governor.yield();
      } while (after);
      this.positions.set(number, partition.position ?? 0);
    }
  }

  /** The partitions that are served. */
  get partitions(): ReadonlyMap<number, PartitionState> {
    return this.live;
  }

  partition(partition: number): PartitionState | undefined {
    return this.live.get(partition);
  }

  /** Serves a partition no more, because its position and the log don't fit. */
  refuse(partition: number): void {
    this.live.delete(partition);
  }

  /** Whether these are all of the partitions that the index knows, so that searches need no confining. */
  isWhole(partitions: readonly number[]): boolean {
    return partitions.length === this.indexed;
  }

  /** Position behind the newest event that an answer about the partition may know of. */
  newest(partition: number): number {
    return this.live.get(partition)?.position ?? 0;
  }

  /** Position that queries see: everything before it is in the index. */
  published(partition: number): number {
    return this.positions.get(partition) ?? 0;
  }

  unpublishedCount(partition: number): number {
    return this.unpublished.get(partition)?.size ?? 0;
  }

  /** A visible conversation: one that has a message. */
  conversation(id: string): FoundConversation | undefined {
    const expected = this.live.get(partitionOf(id, this.store.marker.partitions));
    const found = expected && visible(expected, id);
    if (found) return found;
    // A producer with a partitioner of its own may have put it elsewhere.
    for (const partition of this.live.values()) {
      const elsewhere = partition === expected ? undefined : visible(partition, id);
      if (elsewhere) return elsewhere;
    }
    return undefined;
  }

  changed(partition: number, id: string): void {
    const ids = this.unpublished.get(partition) ?? new Set();
    ids.add(id);
    this.unpublished.set(partition, ids);
  }

  /** Brings the index up to what is applied, in slices; nothing must be applied to the partition meanwhile. */
  async publish(partition: PartitionState, governor: Governor): Promise<void> {
    const number = partition.partition;
    const position = partition.position ?? 0;
    const ids = this.unpublished.get(number) ?? new Set<string>();
    this.unpublished.delete(number);
    for (const id of ids) {
      const state = partition.conversation(id);
      if (state) this.put(partition, state);
      this.views.delete(id);
      if (governor.isDue) await governor.yield();
    }
    this.positions.set(number, position);
    this.onPublished(number, position, ids);
  }

  private put(partition: PartitionState, state: ConversationState): void {
    const last = partition.lastMessage(state);
    if (!last) return;
    this.index.put({
      id: state.id,
      accountId: state.accountId,
      shard: partition.partition,
      sortKey: state.lastMessageAt,
      fields: searchFields(state, last),
    });
  }
}

function visible(partition: PartitionState, id: string): FoundConversation | undefined {
  const state = partition.conversation(id);
  return state && state.lastMessageId !== null ? { state, partition } : undefined;
}
