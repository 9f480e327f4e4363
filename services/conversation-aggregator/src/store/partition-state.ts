import type { Changes, ConversationState, MessageRow, MessageState, StateReader } from '@parley/conversations';
import { type Arena, readNumber } from './arena';
import { Block, blockOf, indexOf, numberOf, storedRow } from './block';
import { type Environment, StoreError } from './environment';
import type { IdFilter } from './id-filter';
import { blockKey, comparePlaces, idKey, type Place, partitionPrefix, placeKey, placeOf, prefixRange } from './keys';
import { Layer, type Mark } from './layer';
import { RecentMap } from './recent-map';
import { RowWriter } from './row-bytes';
import { readMessage, writeMessage } from './rows';
import {
  addChange,
  changesOf,
  type HeldConversation,
  isLong,
  type ListingChange,
  lastRow,
  readHeld,
  writeHeld,
} from './tail';

const writer = new RowWriter();

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
  /** Has every id of a message or event that the store has; undefined if that is not known. */
  readonly ids: IdFilter | undefined;
}

/** What is there under a message id. */
interface Probe {
  readonly id: string;
  readonly row: number | undefined;
  readonly state: MessageRow | undefined;
}

/** The block that takes new rows. */
interface OpenBlock {
  readonly number: number;
  readonly block: Block;
}

/** Changes at a tail's begin that were put to their places by the commit under way. */
interface Spilled {
  readonly conversation: HeldConversation;
  readonly numbers: number;
}

/**
 * One partition's state: what is committed, and over it the layers that are not yet. Reads see every change as soon as
 * it is applied.
 */
export class PartitionState implements StateReader {
  readonly partition: number;
  private readonly env: Environment;
  private readonly partitions: number;
  private readonly cache: RecentMap<string, HeldConversation>;
  private readonly ids: IdFilter | undefined;
  private readonly opened = new Map<number, number>();
  private nextBlock: number;
  private applied: number | undefined;
  private open = new Layer();
  private committing: Layer | undefined;
  private spilled: Spilled[] = [];
  private openBlock: OpenBlock | undefined;
  /** The last look-up of a message: the reducer asks, then the change is put. */
  private probed: Probe | undefined;

  constructor({ env, partition, partitions, cached, ids }: PartitionStateOptions) {
    this.env = env;
    this.partition = partition;
    this.partitions = partitions;
    this.cache = new RecentMap(cached);
    this.ids = ids;
    this.applied = env.meta.get(`position/${partition}`) as number | undefined;
    this.nextBlock = (env.meta.get(`next-block/${partition}`) as number | undefined) ?? 0;
    const prefix = `opened/${partition}/`;
    for (const { key, value } of env.meta.getRange({ start: prefix, end: `${prefix}~` })) {
      this.opened.set(Number(key.slice(prefix.length)), value as number);
    }
  }

  /** Offset to go on from; undefined if nothing was ever applied. */
  get position(): number | undefined {
    return this.applied;
  }

  /** Additions that are not committed. */
  get additions(): number {
    return this.open.additions;
  }

  /** Changes that are not committed, additions apart. */
  get changes(): number {
    return this.open.changes;
  }

  conversation(id: string): ConversationState | undefined {
    return this.held(id)?.state;
  }

  message(id: string): MessageRow | undefined {
    return this.probe(id).state;
  }

  /** The newest message of a conversation, undefined while it has none. */
  lastMessage({ id, lastMessageId }: ConversationState): MessageState | undefined {
    if (lastMessageId === null) return undefined;
    const state = this.listedAs(id, lastMessageId) ?? this.message(lastMessageId);
    if (state?.kind !== 'message') throw new Error(`conversation ${id} has no row of its last message`);
    return state;
  }

  seen(eventId: string): boolean {
    if (this.isNew(eventId)) return false;
    if (this.open.added.events.has(eventId) || this.committing?.added.events.has(eventId)) return true;
    const bytes = reading(() => this.env.events.get(idKey(this.partition, eventId)));
    // A later one was added before the process was killed, and is yet to be applied again.
    return bytes !== undefined && readNumber(bytes) < (this.applied ?? 0);
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
    const found: (Place & { readonly row: number })[] = [];
    for (const { sentAt, sequence, row } of changed.values()) {
      if (row !== undefined && inRange({ sentAt, sequence })) found.push({ sentAt, sequence, row });
    }
    const stored = this.storedListings(conversationId, { from, direction, limit: limit + changed.size });
    for (const place of stored) if (!changed.has(placeText(place))) found.push(place);
    found.sort((a, b) => (direction === 'older' ? comparePlaces(b, a) : comparePlaces(a, b)));
    return found.slice(0, limit).map(({ row }) => this.listedRow(row));
  }

  apply(changes: Changes, eventId: string): void {
    const { conversation } = changes;
    const held = this.hold(conversation);
    for (const former of changes.unlisted) addChange(held.tail, former, undefined);
    for (const row of changes.messages) this.putMessage(held, row, changes.unlisted);
    if (changes.rememberEvent) {
      this.open.added.events.set(eventId, conversation.position);
      this.ids?.add(this.partition, eventId);
    }
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

  /** The record is one that was applied. */
  mark({ offset, key, timestamp }: Mark): void {
    this.open.mark = { offset, key, timestamp };
  }

  /** A record that was applied before the last commit; undefined if none was noted. */
  get marked(): Mark | undefined {
    return this.env.meta.get(`mark/${this.partition}`) as Mark | undefined;
  }

  /** Hands over what is to be committed, and opens a new layer over it; undefined if there is nothing. */
  beginCommit(): Layer | undefined {
    if (this.open.isEmpty) return undefined;
    this.open.nextBlock = this.nextBlock;
    this.committing = this.open;
    this.open = new Layer();
    this.openBlock = undefined;
    return this.committing;
  }

  /** As `beginCommit`, but of what was added only: the position and all that changes stay. */
  beginAdditions(): Layer | undefined {
    if (this.open.additions === 0) return undefined;
    this.committing = this.open.takeAdditions();
    this.openBlock = undefined;
    return this.committing;
  }

  /** To be called inside the environment's batch, at once after the commit began. */
  write(layer: Layer, arena: Arena): void {
    const { env, partition } = this;
    for (const conversation of layer.conversations.values()) this.writeConversation(conversation, arena);
    const { messageIds, blocks, events } = layer.added;
    for (const group of [blocks, layer.changedBlocks]) {
      for (const [number, block] of group) env.blocks.put(blockKey(partition, number), block.encode());
    }
    for (const [id, row] of messageIds) env.messageIds.put(idKey(partition, id), arena.number(row));
    for (const [id, offset] of events) env.events.put(idKey(partition, id), arena.number(offset));
    for (const [accountId, count] of layer.opened) env.meta.put(`opened/${partition}/${accountId}`, count);
    if (layer.isEmpty) return;
    env.meta.put(`next-block/${partition}`, layer.nextBlock);
    env.meta.put(`position/${partition}`, layer.position);
    if (layer.mark) env.meta.put(`mark/${partition}`, layer.mark);
  }

  committed(): void {
    this.committing = undefined;
    for (const { conversation, numbers } of this.spilled) conversation.tail.splice(0, numbers);
    this.spilled = [];
  }

  /** Committed conversations after a key, in key order: for going through all in slices. */
  storedConversations(after: Uint8Array | undefined, limit: number): readonly StoredConversation[] {
    const { start, end } = prefixRange(partitionPrefix(this.partition));
    const range = { start: after ? Buffer.concat([after, Buffer.of(0)]) : start, end, limit };
    return reading(() =>
      [...this.env.conversations.getRange(range)].map(({ key, value }) => ({
        key: Buffer.from(key),
        state: readHeld(value).state,
      })),
    );
  }

  private inMemory(id: string): HeldConversation | undefined {
    return this.cache.get(id) ?? this.open.conversations.get(id) ?? this.committing?.conversations.get(id);
  }

  private held(id: string): HeldConversation | undefined {
    const held = this.inMemory(id);
    if (held) return held;
    const stored = reading(() => {
      const bytes = this.env.conversations.get(idKey(this.partition, id));
      return bytes && readHeld(bytes);
    });
    if (stored) this.cache.set(id, stored);
    return stored;
  }

  private hold(state: ConversationState): HeldConversation {
    const held = this.held(state.id) ?? { id: state.id, state, tail: [] };
    held.state = state;
    this.cache.set(held.id, held);
    this.open.conversations.set(held.id, held);
    return held;
  }

  private writeConversation(conversation: HeldConversation, arena: Arena): void {
    const { env } = this;
    const { id, state, tail } = conversation;
    const key = idKey(this.partition, id);
    if (!isLong(tail)) {
      env.conversations.put(key, arena.row(writeHeld(writer, state, tail)));
      return;
    }
    for (const change of changesOf(tail)) {
      if (change.row === undefined) env.places.remove(placeKey(key, change));
      else env.places.put(placeKey(key, change), arena.number(change.row));
    }
    env.conversations.put(key, arena.row(writeHeld(writer, state, [])));
    // Reads go by the tail until the commit is done.
    this.spilled.push({ conversation, numbers: tail.length });
  }

  private probe(id: string): Probe {
    if (this.probed?.id === id) return this.probed;
    const row = this.rowOf(id);
    const state = row === undefined ? undefined : this.rowState(row);
    // Another one's row, or none: told by a process that was killed before it committed the message's position.
    this.probed = state?.id === id ? { id, row, state } : { id, row: undefined, state: undefined };
    return this.probed;
  }

  /** True: neither a message nor an event of the id was ever added. */
  private isNew(id: string): boolean {
    return this.ids !== undefined && !this.ids.mayHave(this.partition, id);
  }

  private rowOf(id: string): number | undefined {
    if (this.isNew(id)) return undefined;
    const layered = this.open.added.messageIds.get(id) ?? this.committing?.added.messageIds.get(id);
    if (layered !== undefined) return layered;
    const bytes = reading(() => this.env.messageIds.get(idKey(this.partition, id)));
    const row = bytes && readNumber(bytes);
    return row !== undefined && blockOf(row) < this.nextBlock ? row : undefined;
  }

  private rowState(row: number): MessageRow | undefined {
    const number = blockOf(row);
    const layered = this.layeredBlock(number);
    return reading(() => {
      const from = layered ? layered.read(indexOf(row)) : storedRow(this.storedBlock(number), indexOf(row));
      const state = from && readMessage(from);
      from?.finish();
      return state;
    });
  }

  /** The message, if it is the one that was listed last: its row's number is at hand then. */
  private listedAs(conversationId: string, messageId: string): MessageRow | undefined {
    const row = lastRow(this.inMemory(conversationId)?.tail ?? []);
    const state = row === undefined ? undefined : this.rowState(row);
    return state?.id === messageId ? state : undefined;
  }

  private layeredBlock(number: number): Block | undefined {
    return this.open.block(number) ?? this.committing?.block(number);
  }

  private storedBlock(number: number): Buffer {
    const bytes = this.env.blocks.get(blockKey(this.partition, number));
    if (!bytes) throw new Error(`partition ${this.partition} has no block ${number} of message rows`);
    return bytes;
  }

  private listedRow(row: number): MessageState {
    const state = this.rowState(row);
    if (state?.kind !== 'message') {
      throw new StoreError('STORE_CORRUPT', `partition ${this.partition} lists row ${row}, which is no message`);
    }
    return state;
  }

  private putMessage(held: HeldConversation, state: MessageRow, unlisted: readonly MessageState[]): void {
    const known = this.probe(state.id);
    const row = known.row ?? this.addRow(state);
    if (known.row !== undefined) this.replaceRow(row, state);
    this.probed = { id: state.id, row, state };
    if (state.kind !== 'message') return;
    const stays = known.state?.kind === 'message' && !unlisted.some((former) => former.id === state.id);
    if (!stays) addChange(held.tail, state, row);
  }

  private addRow(state: MessageRow): number {
    if (!this.openBlock?.block.hasRoom) {
      this.openBlock = { number: this.nextBlock++, block: new Block() };
      this.open.added.blocks.set(this.openBlock.number, this.openBlock.block);
    }
    const { number, block } = this.openBlock;
    writeMessage(writer.begin(), state);
    const row = numberOf(number, block.add(writer));
    this.open.added.messageIds.set(state.id, row);
    this.ids?.add(this.partition, state.id);
    return row;
  }

  private replaceRow(row: number, state: MessageRow): void {
    const number = blockOf(row);
    let block = this.open.block(number);
    if (!block) {
      // What is being committed stays as it is.
      block = new Block(this.committing?.block(number)?.encode() ?? reading(() => this.storedBlock(number)));
      this.open.changedBlocks.set(number, block);
    }
    writeMessage(writer.begin(), state);
    block.replace(indexOf(row), writer);
  }

  private changedListings(conversationId: string): ReadonlyMap<string, ListingChange> {
    const changed = new Map<string, ListingChange>();
    for (const change of changesOf(this.held(conversationId)?.tail ?? [])) changed.set(placeText(change), change);
    return changed;
  }

  private storedListings(conversationId: string, { from, direction, limit }: ListingRange) {
    const conversation = idKey(this.partition, conversationId);
    const { start, end } = prefixRange(conversation);
    const options =
      direction === 'older'
        ? { start: from ? afterPlace(conversation, from) : end, end: start, reverse: true, exclusiveStart: true, limit }
        : { start: from ? placeKey(conversation, from) : start, end, limit };
    return [...this.env.places.getRange(options)].map(({ key, value }) => ({
      ...placeOf(Buffer.from(key)),
      row: readNumber(value),
    }));
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
