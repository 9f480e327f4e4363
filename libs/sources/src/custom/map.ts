import { ids, type RawWebhook } from '@parley/contracts';
import { conversationMetadataChanged, messageMetadataChanged, messageReceived, originOf } from '../events';
import { textOfContent } from '../json';
import type { MapContext, MappedItem } from '../port';
import { type CustomMessage, type CustomMetadata, parseSourceWebhook } from './request';

interface CustomContext {
  readonly accountId: number;
  readonly raw: RawWebhook;
  readonly cause: string;
}

/** Messages in their order, then metadata in theirs. */
export function mapCustom(raw: RawWebhook, { cause }: MapContext): readonly MappedItem[] {
  if (raw.accountId === null) {
    return [{ kind: 'fault', path: '', reason: 'BAD_BODY', detail: 'the request names no account' }];
  }
  const parsed = parseSourceWebhook(raw.body);
  if (!parsed.ok) {
    return parsed.faults.map(({ field, message }) => ({
      kind: 'fault',
      path: field,
      reason: 'BAD_BODY',
      detail: message,
    }));
  }
  const context = { accountId: raw.accountId, raw, cause };
  return [
    ...parsed.request.messages.map((message, index) => mapMessage(message, `messages.${index}`, context)),
    ...parsed.request.metadata.map((entry, index) => mapMetadata(entry, `metadata.${index}`, context)),
  ];
}

function mapMessage(message: CustomMessage, path: string, { accountId, raw, cause }: CustomContext): MappedItem {
  const conversationId = ids.conversationOfSource(accountId, raw.source, message.sourceConversationId);
  const messageId = ids.messageOfSource(accountId, raw.source, message.sourceMessageId);
  return {
    kind: 'channel',
    path,
    channel: { by: 'source', source: raw.source, sourceChannelId: message.sourceChannelId, accountId },
    claims: { messageId, conversationId },
    events: (channel) => [
      messageReceived(originOf(channel, conversationId, cause), {
        messageId,
        channelId: channel.id,
        source: channel.source,
        sourceMessageId: message.sourceMessageId,
        sourceConversationId: message.sourceConversationId,
        sourceContactId: message.fromContact ? message.sourceSenderId : null,
        fromContact: message.fromContact,
        senderId: message.sourceSenderId,
        content: JSON.stringify(message.content),
        text: textOfContent(message.content),
        supported: true,
        sentAt: message.sentAt,
        headers: {},
      }),
    ],
  };
}

function mapMetadata(entry: CustomMetadata, path: string, { accountId, raw, cause }: CustomContext): MappedItem {
  // Nothing in it tells one change from the next but its place on the raw topic.
  const change = { occurredAt: raw.receivedAt, distinct: `${cause}/${path}`, set: entry.set, removed: [] };
  if (entry.namespace === 'conversation') {
    const conversationId = ids.conversationOfSource(accountId, raw.source, entry.sourceId);
    const event = conversationMetadataChanged({ accountId, conversationId, cause }, change);
    return { kind: 'events', path, events: [event] };
  }
  const messageId = ids.messageOfSource(accountId, raw.source, entry.sourceId);
  return {
    kind: 'of-message',
    path,
    messageId,
    events: (conversationId) => [
      messageMetadataChanged({ accountId, conversationId, cause }, { messageId, ...change }),
    ],
  };
}
