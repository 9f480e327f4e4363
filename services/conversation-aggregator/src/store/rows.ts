/** States as lists of values: a column's name is not stored a million times. */
import type {
  ConversationState,
  FlatMetadata,
  MessageAlias,
  MessageRow,
  MessageState,
  PendingMessage,
} from '@parley/conversations';

type Value = null | boolean | number | string | readonly string[];
export type StoredRow = readonly Value[];

/** `map` columns are flat records, stored as [key, value, key, value, …] in their order. */
interface Column<T> {
  readonly name: keyof T & string;
  readonly map: boolean;
}

/** One flag for each property, so that a property added to a state stops the build here. */
type Flags<T> = { readonly [K in keyof T]-?: T[K] extends FlatMetadata ? 'map' : 'value' };

function columns<T>(flags: Flags<T>): readonly Column<T>[] {
  const names = Object.keys(flags) as (keyof T & string)[];
  return names.map((name) => ({ name, map: flags[name] === 'map' }));
}

const conversationColumns = columns<ConversationState>({
  id: 'value',
  accountId: 'value',
  number: 'value',
  channelId: 'value',
  source: 'value',
  sourceConversationId: 'value',
  sourceContactId: 'value',
  createdAt: 'value',
  lastMessageId: 'value',
  lastMessageAt: 'value',
  nextSequence: 'value',
  messageCount: 'value',
  unreadCount: 'value',
  readSequence: 'value',
  state: 'value',
  tagIds: 'value',
  metadata: 'map',
  deliveredUpTo: 'value',
  readUpTo: 'value',
  version: 'value',
  position: 'value',
});

const messageColumns = columns<MessageState>({
  kind: 'value',
  id: 'value',
  conversationId: 'value',
  sequence: 'value',
  channelId: 'value',
  source: 'value',
  sourceMessageId: 'value',
  fromContact: 'value',
  senderId: 'value',
  senderName: 'value',
  content: 'value',
  text: 'value',
  supported: 'value',
  sentAt: 'value',
  deliveryState: 'value',
  headers: 'map',
  metadata: 'map',
});

const aliasColumns = columns<MessageAlias>({ kind: 'value', id: 'value', conversationId: 'value', of: 'value' });

const pendingColumns = columns<PendingMessage>({
  kind: 'value',
  id: 'value',
  conversationId: 'value',
  metadata: 'map',
  deliveryState: 'value',
  sourceMessageId: 'value',
  sourceMessageKey: 'value',
});

/** Names what is stored where: a store of another layout is rebuilt. */
export const storedLayout = JSON.stringify([conversationColumns, messageColumns, aliasColumns, pendingColumns]);

const EMPTY_MAP: FlatMetadata = Object.freeze({});
const EMPTY_LIST: readonly string[] = Object.freeze([]);

function flatten(map: FlatMetadata): readonly string[] {
  const keys = Object.keys(map);
  if (keys.length === 0) return EMPTY_LIST;
  return keys.flatMap((key) => [key, map[key] ?? '']);
}

function unflatten(list: readonly string[]): FlatMetadata {
  if (list.length === 0) return EMPTY_MAP;
  const entries: [string, string][] = [];
  for (let at = 0; at < list.length; at += 2) entries.push([list[at] ?? '', list[at + 1] ?? '']);
  // fromEntries defines properties: a key such as __proto__ stays a key.
  return Object.fromEntries(entries);
}

function store<T extends object>(of: readonly Column<T>[], state: T): StoredRow {
  const row = new Array<Value>(of.length);
  for (let at = 0; at < of.length; at += 1) {
    const column = of[at];
    if (!column) continue;
    const value = state[column.name];
    // The table of columns says which properties are maps and that the others are plain values.
    row[at] = column.map ? flatten(value as FlatMetadata) : (value as Value);
  }
  return row;
}

function restore<T>(of: readonly Column<T>[], row: StoredRow): T {
  if (row.length !== of.length) throw new Error(`a stored row has ${row.length} columns, not ${of.length}`);
  const state: Partial<Record<keyof T, unknown>> = {};
  for (let at = 0; at < of.length; at += 1) {
    const column = of[at];
    if (column) state[column.name] = column.map ? unflatten(row[at] as readonly string[]) : row[at];
  }
  return state as T;
}

export function storeConversation(state: ConversationState): StoredRow {
  return store(conversationColumns, state);
}

export function restoreConversation(row: StoredRow): ConversationState {
  return restore(conversationColumns, row);
}

export function storeMessage(row: MessageRow): StoredRow {
  if (row.kind === 'message') return store(messageColumns, row);
  return row.kind === 'alias' ? store(aliasColumns, row) : store(pendingColumns, row);
}

export function restoreMessage(row: StoredRow): MessageRow {
  switch (row[0]) {
    case 'message':
      return restore(messageColumns, row);
    case 'alias':
      return restore(aliasColumns, row);
    case 'pending':
      return restore(pendingColumns, row);
    default:
      throw new Error('a stored message row is of no known kind');
  }
}
