import type { Changes, ConversationState, MessageRow, MessageState, StateReader } from '@parley/conversations';
import { type Environment, StoreError } from './environment';
import { comparePlaces, idKey, type Place, partitionPrefix, placeKey, placeOf, prefixRange, rowKey } from './keys';
import { Layer, type ListingChange, type NumberedMessage } from './layer';
import { RecentMap } from './recent-map';
import { restoreConversation, restoreMessage, storeConversation, storeMessage } from './rows';

const NOTHING = Buffer.alloc(0);

export interface ListingRange {
  /** First place of the range, inclusive; absent for the end that the direction starts at. */
  readonly from?: Place;
  readonly direction: 'older' | 'newer';
  readonly limit: number;
}

export interface StoredConversation {
  readonly key: Buffer;
  readonly state: ConversationState;
}

export interface PartitionStateOptions {
  readonly env: Environment;
  readonly partition: number;
  readonly partitions: number;
  /** Conversations held in memory beside what is not committed. */
  readonly cached: number;
}

interface Probe {
  readonly id: string;
  readonly key: Buffer;
  readonly message: NumberedMessage | undefined;
}

/**
 * One partition's state: what is committed, and over it the layers that are not yet. Reads see every change as soon as
 * it is applied.
 */
export class PartitionState implements StateReader {
  readonly partition: number;
  private readonly env: Environment;
  private readonly partitions: number;
  private readonly cache: RecentMap<string, ConversationState>;
  private readonly opened = new Map<number, number>();
  private nextRow: number;
  private applied: number | undefined;
  private open = new Layer();
  private committing: Layer | undefined;
  /** The last look-up of a message: the reducer asks, then the change is put. */
  private probed: Probe | undefined;

  constructor({ env, partition, partitions, cached }: PartitionStateOptions) {
    this.env = env;
    this.partition = partition;
    this.partitions = partitions;
    this.cache = new RecentMap(cached);
    this.applied = env.meta.get(`position/${partition}`) as number | undefined;
    this.nextRow = (env.meta.get(`next-row/${partition}`) as number | undefined) ?? 0;
    const prefix = `opened/${partition}/`;
    for (const { key, value } of env.meta.getRange({ start: prefix, end: `${prefix}~` })) {
      this.opened.set(Number(key.slice(prefix.length)), value as number);
    }
  }

  /** Offset to go on from; undefined if nothing was ever applied. */
  get position(): number | undefined {
    return this.applied;
  }

  get uncommitted(): number {
    return this.open.changes;
  }

  conversation(id: string): ConversationState | undefined {
    const held = this.cache.get(id) ?? this.open.conversations.get(id) ?? this.committing?.conversations.get(id);
    if (held) return held;
    const row = reading(() => this.env.conversations.get(idKey(this.partition, id)));
    if (!row) return undefined;
    const state = reading(() => restoreConversation(row));
    this.cache.set(id, state);
    return state;
  }

  message(id: string): MessageRow | undefined {
    return this.numbered(id)?.state;
  }

  seen(eventId: string): boolean {
    if (this.open.events.has(eventId) || this.committing?.events.has(eventId)) return true;
    return reading(() => this.env.events.doesExist(idKey(this.partition, eventId)));
  }

  nextNumber(accountId: number): number {
    return this.partition + 1 + (this.opened.get(accountId) ?? 0) * this.partitions;
  }

  newestMessage(conversationId: string, except: string): MessageState | undefined {
    return this.listed(conversationId, { direction: 'older', limit: 2 }).find((message) => message.id !== except);
  }

  /** Listed messages of a conversation in the direction's order. Cost: the range, not the conversation. */
  listed(conversationId: string, { from, direction, limit }: ListingRange): readonly MessageState[] {
    const changed = this.changedListings(conversationId);
    const inRange = (place: Place) =>
      !from || (direction === 'older' ? comparePlaces(place, from) <= 0 : comparePlaces(place, from) >= 0);
    const found: (Place & { read(): MessageState })[] = [];
    for (const change of changed.values()) {
      if (change.listed && inRange(change)) found.push({ ...change, read: () => this.listedMessage(change.id) });
    }
    for (const { key, value } of this.storedListings(conversationId, {
      from,
      direction,
      limit: limit + changed.size,
    })) {
      const place = placeOf(key);
      if (!changed.has(placeText(place))) found.push({ ...place, read: () => this.listedRow(value) });
    }
    found.sort((a, b) => (direction === 'older' ? comparePlaces(b, a) : comparePlaces(a, b)));
    return found.slice(0, limit).map((entry) => entry.read());
  }

  apply(changes: Changes, eventId: string): void {
    const { conversation } = changes;
    this.cache.set(conversation.id, conversation);
    this.open.conversations.set(conversation.id, conversation);
    for (const former of changes.unlisted) this.list(former, this.numbered(former.id)?.row ?? 0, false);
    for (const row of changes.messages) this.putMessage(row, changes.unlisted);
    if (changes.rememberEvent) this.open.events.add(eventId);
    if (changes.opened) {
      const count = (this.opened.get(conversation.accountId) ?? 0) + 1;
      this.opened.set(conversation.accountId, count);
      this.open.opened.set(conversation.accountId, count);
    }
  }

  /** All before the offset was applied. */
  advance(position: number): void {
    if (position === this.applied) return;
    this.applied = position;
    this.open.position = position;
  }

  /** Hands over what is to be committed, and opens a new layer over it; undefined if there is nothing. */
  beginCommit(): Layer | undefined {
    if (this.open.isEmpty) return undefined;
    this.open.nextRow = this.nextRow;
    this.committing = this.open;
    this.open = new Layer();
    return this.committing;
  }

  /** To be called inside the environment's batch. */
  write(layer: Layer): void {
    const { env, partition } = this;
    for (const [id, state] of layer.conversations) {
      const key = idKey(partition, id);
      env.conversations.put(key, storeConversation(state));
      // A change of a listing is always one of its conversation too.
      for (const listing of layer.listings.get(id) ?? []) {
        if (listing.listed) env.places.put(placeKey(key, listing), listing.row);
        else env.places.remove(placeKey(key, listing));
      }
    }
    for (const { key, row, state } of layer.messages.values()) {
      env.messageIds.put(key, row);
      env.rows.put(rowKey(partition, row), storeMessage(state));
    }
    for (const eventId of layer.events) env.events.put(idKey(partition, eventId), NOTHING);
    for (const [accountId, count] of layer.opened) env.meta.put(`opened/${partition}/${accountId}`, count);
    env.meta.put(`next-row/${partition}`, layer.nextRow);
    env.meta.put(`position/${partition}`, layer.position);
  }

  committed(): void {
    this.committing = undefined;
  }

  /** Committed conversations after a key, in key order: for going through all in slices. */
  storedConversations(after: Uint8Array | undefined, limit: number): readonly StoredConversation[] {
    const { start, end } = prefixRange(partitionPrefix(this.partition));
    const range = { start: after ? Buffer.concat([after, Buffer.of(0)]) : start, end, limit };
    return reading(() =>
      [...this.env.conversations.getRange(range)].map(({ key, value }) => ({
        key: Buffer.from(key),
        state: restoreConversation(value),
      })),
    );
  }

  private numbered(id: string): NumberedMessage | undefined {
    return this.probe(id).message;
  }

  private probe(id: string): Probe {
    if (this.probed?.id === id) return this.probed;
    const layered = this.open.messages.get(id) ?? this.committing?.messages.get(id);
    const key = layered?.key ?? idKey(this.partition, id);
    this.probed = { id, key, message: layered ?? this.storedMessage(key) };
    return this.probed;
  }

  private storedMessage(key: Buffer): NumberedMessage | undefined {
    const row = reading(() => this.env.messageIds.get(key));
    return row === undefined ? undefined : { key, row, state: this.storedRow(row) };
  }

  private storedRow(row: number): MessageRow {
    return reading(() => {
      const stored = this.env.rows.get(rowKey(this.partition, row));
      if (!stored) throw new Error(`partition ${this.partition} has no message row ${row}`);
      return restoreMessage(stored);
    });
  }

  private listedRow(row: number): MessageState {
    // The row tells the id; a layer may hold a newer state of it.
    return this.listedMessage(this.storedRow(row).id);
  }

  private listedMessage(id: string): MessageState {
    const state = this.message(id);
    if (state?.kind !== 'message') {
      throw new StoreError('STORE_CORRUPT', `partition ${this.partition} lists ${id}, which is no message`);
    }
    return state;
  }

  private putMessage(state: MessageRow, unlisted: readonly MessageState[]): void {
    const { key, message: known } = this.probe(state.id);
    const row = known ? known.row : this.nextRow++;
    this.probed = undefined;
    this.open.messages.set(state.id, { key, row, state });
    if (state.kind !== 'message') return;
    const stays = known?.state.kind === 'message' && !unlisted.some((former) => former.id === state.id);
    if (!stays) this.list(state, row, true);
  }

  private list({ id, conversationId, sentAt, sequence }: MessageState, row: number, listed: boolean): void {
    const change = { id, sentAt, sequence, row, listed };
    const changes = this.open.listings.get(conversationId);
    if (changes) changes.push(change);
    else this.open.listings.set(conversationId, [change]);
  }

  private changedListings(conversationId: string): ReadonlyMap<string, ListingChange> {
    const changed = new Map<string, ListingChange>();
    for (const layer of [this.committing, this.open]) {
      for (const change of layer?.listings.get(conversationId) ?? []) changed.set(placeText(change), change);
    }
    return changed;
  }

  private storedListings(conversationId: string, { from, direction, limit }: ListingRange) {
    const conversation = idKey(this.partition, conversationId);
    const { start, end } = prefixRange(conversation);
    const options =
      direction === 'older'
        ? { start: from ? afterPlace(conversation, from) : end, end: start, reverse: true, exclusiveStart: true, limit }
        : { start: from ? placeKey(conversation, from) : start, end, limit };
    return [...this.env.places.getRange(options)].map(({ key, value }) => ({ key: Buffer.from(key), value }));
  }
}

/** What goes wrong in reading is the store's fault, never the event's: the event must not go to the dead letters. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new StoreError('STORE_CORRUPT', (cause as Error).message, { cause });
  }
}

function placeText({ sentAt, sequence }: Place): string {
  return `${sentAt}/${sequence}`;
}

/** The first key behind a place's own. */
function afterPlace(conversation: Buffer, place: Place): Buffer {
  return Buffer.concat([placeKey(conversation, place), Buffer.of(0)]);
}
