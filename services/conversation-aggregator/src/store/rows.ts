/** States as rows: their values one after the other, without names. */
import type {
  ConversationState,
  DeliveryState,
  MessageAlias,
  MessageRow,
  MessageState,
  PendingMessage,
} from '@parley/conversations';
import type { RowReader, RowWriter } from './row-bytes';

/** To be counted up with every change of what is written below: a store of another layout is rebuilt. */
export const ROW_LAYOUT = 1;

const MESSAGE = 1;
const ALIAS = 2;
const PENDING = 3;

export function writeConversation(to: RowWriter, state: ConversationState): void {
  to.text(state.id)
    .number(state.accountId)
    .number(state.number)
    .text(state.channelId)
    .text(state.source)
    .text(state.sourceConversationId)
    .text(state.sourceContactId)
    .number(state.createdAt)
    .text(state.lastMessageId)
    .number(state.lastMessageAt)
    .number(state.nextSequence)
    .number(state.messageCount)
    .number(state.unreadCount)
    .number(state.readSequence)
    .text(state.state)
    .list(state.tagIds)
    .map(state.metadata)
    .number(state.deliveredUpTo)
    .number(state.readUpTo)
    .number(state.version)
    .number(state.position);
}

export function readConversation(from: RowReader): ConversationState {
  return {
    id: from.text(),
    accountId: from.number(),
    number: from.number(),
    channelId: from.text(),
    source: from.text(),
    sourceConversationId: from.optionalText(),
    sourceContactId: from.optionalText(),
    createdAt: from.number(),
    lastMessageId: from.optionalText(),
    lastMessageAt: from.number(),
    nextSequence: from.number(),
    messageCount: from.number(),
    unreadCount: from.number(),
    readSequence: from.number(),
    state: from.optionalText(),
    tagIds: from.list(),
    metadata: from.map(),
    deliveredUpTo: from.number(),
    readUpTo: from.number(),
    version: from.number(),
    position: from.number(),
  };
}

export function writeMessage(to: RowWriter, row: MessageRow): void {
  if (row.kind === 'message') writeListed(to, row);
  else if (row.kind === 'alias') to.byte(ALIAS).text(row.id).text(row.conversationId).text(row.of);
  else writePending(to, row);
}

/** @throws Error  the row is none of a message */
export function readMessage(from: RowReader): MessageRow {
  const kind = from.byte();
  if (kind === MESSAGE) return readListed(from);
  if (kind === ALIAS) return readAlias(from);
  if (kind === PENDING) return readPending(from);
  throw new Error('a stored message row is of no known kind');
}

function writeListed(to: RowWriter, row: MessageState): void {
  to.byte(MESSAGE)
    .text(row.id)
    .text(row.conversationId)
    .number(row.sequence)
    .text(row.channelId)
    .text(row.source)
    .text(row.sourceMessageId)
    .flag(row.fromContact)
    .text(row.senderId)
    .text(row.senderName)
    .text(row.content)
    .text(row.text)
    .flag(row.supported)
    .number(row.sentAt)
    .text(row.deliveryState)
    .map(row.headers)
    .map(row.metadata);
}

function readListed(from: RowReader): MessageState {
  return {
    kind: 'message',
    id: from.text(),
    conversationId: from.text(),
    sequence: from.number(),
    channelId: from.text(),
    source: from.text(),
    sourceMessageId: from.optionalText(),
    fromContact: from.flag(),
    senderId: from.text(),
    senderName: from.optionalText(),
    content: from.text(),
    text: from.optionalText(),
    supported: from.flag(),
    sentAt: from.number(),
    // Written from a state of this type.
    deliveryState: from.text() as DeliveryState,
    headers: from.map(),
    metadata: from.map(),
  };
}

function readAlias(from: RowReader): MessageAlias {
  return { kind: 'alias', id: from.text(), conversationId: from.text(), of: from.text() };
}

function writePending(to: RowWriter, row: PendingMessage): void {
  to.byte(PENDING)
    .text(row.id)
    .text(row.conversationId)
    .map(row.metadata)
    .text(row.deliveryState)
    .text(row.sourceMessageId)
    .text(row.sourceMessageKey);
}

function readPending(from: RowReader): PendingMessage {
  return {
    kind: 'pending',
    id: from.text(),
    conversationId: from.text(),
    metadata: from.map(),
    // Written from a state of this type.
    deliveryState: from.optionalText() as DeliveryState | null,
    sourceMessageId: from.optionalText(),
    sourceMessageKey: from.optionalText(),
  };
}
