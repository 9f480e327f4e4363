import type { RawWebhook } from '@parley/contracts';
import { messageReceived, originOf } from '../events';
import { isObject, parseJson, textOfContent } from '../json';
import type { MapContext, MappedItem } from '../port';
import { readVisitorContext } from './context';

/** One request is one message. The visitor is named by the conversation: there is nothing else to know them by. */
export function mapChatplugin(raw: RawWebhook, { cause }: MapContext): readonly MappedItem[] {
  const visitor = readVisitorContext(raw.context);
  if (!visitor) return [{ kind: 'fault', path: '', reason: 'BAD_BODY', detail: 'the request names no conversation' }];
  const body = parseJson(raw.body);
  const message = isObject(body) ? body.message : undefined;
  if (message === undefined || message === null) {
    return [{ kind: 'fault', path: 'message', reason: 'BAD_BODY', detail: 'there is no message' }];
  }
  const { conversation_id, channel_id, message_id } = visitor;
  return [
    {
      kind: 'channel',
      path: 'message',
      channel: { by: 'id', channelId: channel_id },
      events: (channel) => [
        messageReceived(originOf(channel, conversation_id, cause), {
          messageId: message_id,
          channelId: channel.id,
          source: channel.source,
          sourceMessageId: null,
          sourceConversationId: null,
          sourceContactId: conversation_id,
          fromContact: true,
          senderId: conversation_id,
          content: JSON.stringify(message),
          text: textOfContent(message),
          supported: true,
          sentAt: raw.receivedAt,
          headers: {},
        }),
      ],
    },
  ];
}
