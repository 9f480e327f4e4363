import {
  type Channel,
  type ConversationEvent,
  type ConversationMetadataChanged,
  type DeliveryWatermarkReached,
  ids,
  type MessageDeliveryChanged,
  type MessageMetadataChanged,
  type MessageReceived,
} from '@parley/contracts';

/** Where a fact belongs and where it came from. */
export interface Origin {
  readonly accountId: number;
  readonly conversationId: string;
  readonly cause: string;
}

export function originOf(channel: Channel, conversationId: string, cause: string): Origin {
  return { accountId: channel.accountId, conversationId, cause };
}

type Facts<T> = Omit<T, 'eventId' | 'accountId' | 'conversationId' | 'cause' | 'occurredAt' | 'actorKind' | 'actorId'>;

/**
 * A message is one event, however often it is delivered: it has the message's id. Field by field, because spreading
 * objects of this size was a tenth of the router's time.
 */
export function messageReceived(origin: Origin, message: Facts<MessageReceived>): ConversationEvent {
  return {
    type: 'MessageReceived',
    value: {
      eventId: message.messageId,
      accountId: origin.accountId,
      conversationId: origin.conversationId,
      occurredAt: message.sentAt,
      actorKind: message.fromContact ? 'contact' : 'source',
      actorId: message.senderId,
      cause: origin.cause,
      messageId: message.messageId,
      channelId: message.channelId,
      source: message.source,
      sourceMessageId: message.sourceMessageId,
      sourceConversationId: message.sourceConversationId,
      sourceContactId: message.sourceContactId,
      fromContact: message.fromContact,
      senderId: message.senderId,
      content: message.content,
      text: message.text,
      supported: message.supported,
      sentAt: message.sentAt,
      headers: message.headers,
    },
  };
}

/** What tells one change from the next: the same text in a redelivery, another for another change. */
type Distinct = { readonly occurredAt: number; readonly distinct: string };

const reportedBySource = { actorKind: 'source', actorId: null } as const;

export function deliveryChanged(
  origin: Origin,
  { occurredAt, distinct, ...change }: Facts<MessageDeliveryChanged> & Distinct,
): ConversationEvent {
  const eventId = ids.event(change.messageId, 'MessageDeliveryChanged', distinct);
  return { type: 'MessageDeliveryChanged', value: { ...origin, ...change, ...reportedBySource, eventId, occurredAt } };
}

export function watermarkReached(
  origin: Origin,
  { occurredAt, ...reached }: Facts<DeliveryWatermarkReached> & { readonly occurredAt: number },
): ConversationEvent {
  const eventId = ids.event(origin.conversationId, 'DeliveryWatermarkReached', `${reached.state}/${reached.watermark}`);
  return {
    type: 'DeliveryWatermarkReached',
    value: { ...origin, ...reached, ...reportedBySource, eventId, occurredAt },
  };
}

export function messageMetadataChanged(
  origin: Origin,
  { occurredAt, distinct, ...change }: Facts<MessageMetadataChanged> & Distinct,
): ConversationEvent {
  const eventId = ids.event(change.messageId, 'MessageMetadataChanged', distinct);
  return { type: 'MessageMetadataChanged', value: { ...origin, ...change, ...reportedBySource, eventId, occurredAt } };
}

export function conversationMetadataChanged(
  origin: Origin,
  { occurredAt, distinct, ...change }: Facts<ConversationMetadataChanged> & Distinct,
): ConversationEvent {
  const eventId = ids.event(origin.conversationId, 'ConversationMetadataChanged', distinct);
  return {
    type: 'ConversationMetadataChanged',
    value: { ...origin, ...change, ...reportedBySource, eventId, occurredAt },
  };
}
