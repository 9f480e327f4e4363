import { type ConversationEvent, ids } from '@parley/contracts';
import { benchChannel, benchSource } from './reference';

const FIRST_AT = 1_714_550_400_000;
/** Of five passes over the conversations each conversation has one whose event is no message. */
const PASSES = 5;
const kinds = [
  'ConversationRead',
  'ConversationTagged',
  'ConversationStateSet',
  'ConversationMetadataChanged',
] as const;

/** A stride that shares no factor with the count visits the conversations in no order that a cache would like. */
function conversationOf(event: number, conversations: number): number {
  return (event * 7_919) % conversations;
}

/** Messages only. */
export function messageAt(event: number, conversations: number): ConversationEvent {
  return messageOf(conversationOf(event, conversations), event);
}

/** A message first in each conversation; then among the messages also reads, tags, states and contact names. */
export function mixedAt(event: number, conversations: number): ConversationEvent {
  const conversation = conversationOf(event, conversations);
  const pass = Math.floor(event / conversations);
  if (pass === 0 || (conversation + pass) % PASSES !== 0) return messageOf(conversation, event);
  return factOf(conversation, event, kinds[Math.floor((conversation + pass) / PASSES) % kinds.length]);
}

function messageOf(conversation: number, message: number): ConversationEvent {
  const messageId = ids.messageOfSource(1, benchSource.id, `m-${message}`);
  const text = `Message ${message}: where is my parcel, and when does it come?`;
  return {
    type: 'MessageReceived',
    value: {
      ...base(conversation, message, messageId),
      actorKind: 'contact',
      messageId,
      channelId: benchChannel.id,
      source: benchSource.id,
      sourceMessageId: `m-${message}`,
      sourceConversationId: `c-${conversation}`,
      sourceContactId: `buyer-${conversation}`,
      fromContact: message % 3 !== 0,
      senderId: `buyer-${conversation}`,
      content: JSON.stringify({ text }),
      text,
      supported: true,
      sentAt: FIRST_AT + message,
      headers: {},
    },
  };
}

function factOf(conversation: number, event: number, kind: (typeof kinds)[number] | undefined): ConversationEvent {
  const about = {
    ...base(conversation, event, ids.messageOfSource(1, benchSource.id, `e-${event}`)),
    actorKind: 'user',
  };
  switch (kind) {
    case 'ConversationTagged':
      return { type: kind, value: { ...about, tagId: benchTags[event % benchTags.length] ?? '' } };
    case 'ConversationStateSet':
      return { type: kind, value: { ...about, state: event % 2 === 0 ? 'OPEN' : 'CLOSED' } };
    case 'ConversationMetadataChanged':
      return {
        type: kind,
        value: { ...about, set: { 'contact.display_name': JSON.stringify(`Buyer ${conversation}`) }, removed: [] },
      };
    default:
      return { type: 'ConversationRead', value: about };
  }
}

const benchTags = ['vip', 'refund', 'late'].map((name) => ids.messageOfSource(1, benchSource.id, `tag-${name}`));

function base(conversation: number, event: number, eventId: string) {
  return {
    eventId,
    accountId: 1,
    conversationId: ids.conversationOfSource(1, benchSource.id, `c-${conversation}`),
    occurredAt: FIRST_AT + event,
    actorId: null,
    cause: null,
  };
}
