/** States as JSON lists of values: a column's name is not stored a million times. */
import type { ConversationState, MessageAlias, MessageRow, MessageState, PendingMessage } from '@parley/conversations';

/** One flag for each property, so that a property added to a state stops the build here. */
type Flags<T> = { readonly [K in keyof T]-?: true };

type Columns<T> = readonly (keyof T & string)[];

function columns<T>(flags: Flags<T>): Columns<T> {
  return Object.keys(flags) as (keyof T & string)[];
}

const conversationColumns = columns<ConversationState>({
  id: true,
  accountId: true,
  number: true,
  channelId: true,
  source: true,
  sourceConversationId: true,
  sourceContactId: true,
  createdAt: true,
  lastMessageId: true,
  lastMessageAt: true,
  nextSequence: true,
  messageCount: true,
  unreadCount: true,
  readSequence: true,
  state: true,
  tagIds: true,
  metadata: true,
  deliveredUpTo: true,
  readUpTo: true,
  version: true,
  position: true,
});

const messageColumns = columns<MessageState>({
  kind: true,
  id: true,
  conversationId: true,
  sequence: true,
  channelId: true,
  source: true,
  sourceMessageId: true,
  fromContact: true,
  senderId: true,
  senderName: true,
  content: true,
  text: true,
  supported: true,
  sentAt: true,
  deliveryState: true,
  headers: true,
  metadata: true,
});

const aliasColumns = columns<MessageAlias>({ kind: true, id: true, conversationId: true, of: true });

const pendingColumns = columns<PendingMessage>({
  kind: true,
  id: true,
  conversationId: true,
  metadata: true,
  deliveryState: true,
  sourceMessageId: true,
  sourceMessageKey: true,
});

/** Names what is stored where: a store of another layout is rebuilt. */
export const storedLayout = JSON.stringify([conversationColumns, messageColumns, aliasColumns, pendingColumns]);

function store<T>(of: Columns<T>, state: T): string {
  const row = new Array<unknown>(of.length);
  for (let at = 0; at < of.length; at += 1) {
    const column = of[at];
    if (column) row[at] = state[column];
  }
  return JSON.stringify(row);
}

function restore<T>(of: Columns<T>, row: readonly unknown[]): T {
  if (row.length !== of.length) throw new Error(`a stored row has ${row.length} columns, not ${of.length}`);
  const state: Partial<Record<keyof T, unknown>> = {};
  for (let at = 0; at < of.length; at += 1) {
    const column = of[at];
    if (column) state[column] = row[at];
  }
  // The columns are all of T's properties, and their values are what T's had been.
  return state as T;
}

function parse(text: string): readonly unknown[] {
  const row: unknown = JSON.parse(text);
  if (!Array.isArray(row)) throw new Error('a stored row is no list');
  return row;
}

export function storeConversation(state: ConversationState): string {
  return store(conversationColumns, state);
}

export function restoreConversation(text: string): ConversationState {
  return restore(conversationColumns, parse(text));
}

export function storeMessage(row: MessageRow): string {
  if (row.kind === 'message') return store(messageColumns, row);
  return row.kind === 'alias' ? store(aliasColumns, row) : store(pendingColumns, row);
}

export function restoreMessage(text: string): MessageRow {
  const row = parse(text);
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
