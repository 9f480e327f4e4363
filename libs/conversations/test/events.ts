import type { ConversationEvent, ConversationEventName, RecordTypes } from '@parley/contracts';

export const conversationId = '5535a2a4-a639-56d1-8683-aba9491dce0a';
export const channelId = 'ed06ae7d-a352-5d78-bc47-7431a8ebab03';

let drawn = 0;

type Given<N extends ConversationEventName> = Partial<RecordTypes[N]>;

function head(kind: string) {
  drawn += 1;
  return {
    eventId: `${kind}-${drawn}`,
    accountId: 1,
    conversationId,
    occurredAt: 0,
    actorKind: 'source',
    actorId: null,
    cause: null,
  };
}

const message = {
  channelId,
  source: 'twilio.sms',
  sourceConversationId: null,
  sourceContactId: null,
  content: '{"text":"Hi"}',
  text: 'Hi',
};

export function received(messageId: string, sentAt: number, given: Given<'MessageReceived'> = {}): ConversationEvent {
  return {
    type: 'MessageReceived',
    value: {
      ...head('received'),
      ...message,
      messageId,
      sentAt,
      sourceMessageId: null,
      fromContact: true,
      senderId: '+4915112345678',
      supported: true,
      headers: {},
      ...given,
    },
  };
}

export function echo(messageId: string, sentAt: number, given: Given<'MessageReceived'> = {}): ConversationEvent {
  return received(messageId, sentAt, { fromContact: false, senderId: 'page', ...given });
}

export function submitted(messageId: string, sentAt: number, given: Given<'MessageSubmitted'> = {}): ConversationEvent {
  return {
    type: 'MessageSubmitted',
    value: { ...head('submitted'), ...message, messageId, sentAt, senderId: 'user', senderName: 'Ada', ...given },
  };
}

export function delivery(
  messageId: string,
  state: string,
  given: Given<'MessageDeliveryChanged'> = {},
): ConversationEvent {
  return {
    type: 'MessageDeliveryChanged',
    value: {
      ...head('delivery'),
      messageId,
      state,
      sourceMessageId: null,
      sourceMessageKey: null,
      error: null,
      ...given,
    },
  };
}

/** The provider took the message and named it; `key` is the message id that its echo comes under. */
export function taken(messageId: string, key: string, state = 'sent'): ConversationEvent {
  return delivery(messageId, state, { sourceMessageId: `provider:${key}`, sourceMessageKey: key });
}

export function watermark(state: string, at: number): ConversationEvent {
  return { type: 'DeliveryWatermarkReached', value: { ...head('watermark'), state, watermark: at } };
}

/** Values as they are, written as JSON text. */
function jsonTexts(set: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(set).map(([key, value]) => [key, JSON.stringify(value)]));
}

export function messageMetadata(
  messageId: string,
  set: Readonly<Record<string, unknown>>,
  removed: readonly string[] = [],
): ConversationEvent {
  return {
    type: 'MessageMetadataChanged',
    value: { ...head('metadata'), messageId, set: jsonTexts(set), removed },
  };
}

export function metadata(
  set: Readonly<Record<string, unknown>>,
  removed: readonly string[] = [],
  given: Given<'ConversationMetadataChanged'> = {},
): ConversationEvent {
  return {
    type: 'ConversationMetadataChanged',
    value: { ...head('metadata'), set: jsonTexts(set), removed, ...given },
  };
}

export function read(): ConversationEvent {
  return { type: 'ConversationRead', value: head('read') };
}

export function tagged(tagId: string): ConversationEvent {
  return { type: 'ConversationTagged', value: { ...head('tagged'), tagId } };
}

export function untagged(tagId: string): ConversationEvent {
  return { type: 'ConversationUntagged', value: { ...head('untagged'), tagId } };
}

export function stateSet(state: string): ConversationEvent {
  return { type: 'ConversationStateSet', value: { ...head('state'), state } };
}

export function stateRemoved(): ConversationEvent {
  return { type: 'ConversationStateRemoved', value: head('state-removed') };
}

export function refetch(): ConversationEvent {
  return {
    type: 'ContactRefetchRequested',
    value: { ...head('refetch'), channelId, source: 'facebook', sourceContactId: '7001' },
  };
}

/** The same event under another account or in another conversation. */
export function moved<E extends ConversationEvent>(event: E, to: { accountId?: number; conversationId?: string }): E {
  return { ...event, value: { ...event.value, ...to } };
}
