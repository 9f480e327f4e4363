import type { MessageReceived, MessageSubmitted } from '@parley/contracts';
import { adoptEcho, withFacts } from './adopt-echo';
import { type Before, changes } from './change';
import { climb } from './delivery-state';
import { ReduceError } from './errors';
import { noMetadata } from './metadata';
import { findMessage } from './rows';
import type { Changes, ConversationState, FlatMetadata, MessageState } from './state';

const noHeaders: FlatMetadata = Object.freeze({});
/** The last millisecond that ISO 8601 writes with four digits of the year. */
const SENT_AT_MAX = 253_402_300_799_999;

/** A message from a source. Its id tells repetitions, and echoes of messages sent from here. */
export function messageReceived(before: Before, event: MessageReceived): Changes | undefined {
  checkSentAt(event.sentAt);
  const row = before.reader.message(event.messageId);
  if (row && row.kind !== 'pending') return event.fromContact ? undefined : echoReceived(before, event);
  return messageAdded(
    before,
    {
      kind: 'message',
      id: event.messageId,
      conversationId: event.conversationId,
      sequence: before.conversation.nextSequence,
      channelId: event.channelId,
      source: event.source,
      sourceMessageId: event.sourceMessageId,
      fromContact: event.fromContact,
      senderId: event.senderId,
      senderName: null,
      content: event.content,
      text: event.text,
      supported: event.supported,
      sentAt: event.sentAt,
      // The provider has it, whoever wrote it.
      deliveryState: 'delivered',
      headers: event.headers,
      metadata: noMetadata,
    },
    event,
  );
}

export function messageSubmitted(before: Before, event: MessageSubmitted): Changes | undefined {
  checkSentAt(event.sentAt);
  const row = before.reader.message(event.messageId);
  if (row && row.kind !== 'pending') return undefined;
  return messageAdded(
    before,
    {
      kind: 'message',
      id: event.messageId,
      conversationId: event.conversationId,
      sequence: before.conversation.nextSequence,
      channelId: event.channelId,
      source: event.source,
      sourceMessageId: null,
      fromContact: false,
      senderId: event.senderId,
      senderName: event.senderName,
      content: event.content,
      text: event.text,
      supported: true,
      sentAt: event.sentAt,
      deliveryState: 'pending',
      headers: noHeaders,
      metadata: noMetadata,
    },
    event,
  );
}

function checkSentAt(sentAt: number): void {
  if (sentAt >= 0 && sentAt <= SENT_AT_MAX) return;
  throw new ReduceError('BAD_TIME', `sent at ${sentAt}; the latest is ${SENT_AT_MAX}`);
}

/** The provider gave a message back that was sent from here: it took it. */
function echoReceived(before: Before, event: MessageReceived): Changes | undefined {
  const message = findMessage(before.reader, event.messageId);
  if (message?.kind !== 'message' || message.fromContact) return undefined;
  if (message.conversationId !== event.conversationId) return undefined;
  const deliveryState = climb(message.deliveryState, 'delivered');
  if (deliveryState === message.deliveryState) return undefined;
  return { ...changes(before, {}, [{ ...message, deliveryState }]), rememberEvent: false };
}

type Correspondents = Pick<MessageReceived, 'sourceConversationId' | 'sourceContactId'>;

function messageAdded(before: Before, bare: MessageState, correspondents: Correspondents): Changes {
  const pending = before.reader.message(bare.id);
  if (pending?.kind !== 'pending' || pending.conversationId !== bare.conversationId) {
    return added(before, before.conversation, bare, correspondents);
  }
  const message = { ...withFacts(bare, pending), sourceMessageId: pending.sourceMessageId ?? bare.sourceMessageId };
  if (pending.sourceMessageKey === null) return added(before, before.conversation, message, correspondents);
  const adopted = adoptEcho(before, message, pending.sourceMessageKey);
  const { messages, unlisted, ...rest } = added(before, adopted.conversation, adopted.message, correspondents);
  return { ...rest, messages: [...messages, ...adopted.messages], unlisted: [...unlisted, ...adopted.unlisted] };
}

function added(
  { reader, offset }: Before,
  conversation: ConversationState,
  message: MessageState,
  { sourceConversationId, sourceContactId }: Correspondents,
): Changes {
  const opened = conversation.number === 0;
  // Ties go to the later in log order.
  const isLast = conversation.lastMessageId === null || message.sentAt >= conversation.lastMessageAt;
  const contactId = sourceContactId ?? (message.fromContact ? message.senderId : null);
  return {
    conversation: {
      id: conversation.id,
      accountId: conversation.accountId,
      number: opened ? reader.nextNumber(conversation.accountId) : conversation.number,
      channelId: isLast ? message.channelId : conversation.channelId,
      source: isLast ? message.source : conversation.source,
      sourceConversationId: sourceConversationId ?? conversation.sourceConversationId,
      sourceContactId: contactId ?? conversation.sourceContactId,
      createdAt: opened ? message.sentAt : conversation.createdAt,
      lastMessageId: isLast ? message.id : conversation.lastMessageId,
      lastMessageAt: isLast ? message.sentAt : conversation.lastMessageAt,
      nextSequence: conversation.nextSequence + 1,
      messageCount: conversation.messageCount + 1,
      unreadCount: message.fromContact ? conversation.unreadCount + 1 : conversation.unreadCount,
      readSequence: conversation.readSequence,
      state: conversation.state,
      tagIds: conversation.tagIds,
      metadata: conversation.metadata,
      deliveredUpTo: conversation.deliveredUpTo,
      readUpTo: conversation.readUpTo,
      version: conversation.version + 1,
      position: offset,
    },
    messages: [message],
    unlisted: [],
    rememberEvent: false,
    opened,
  };
}
