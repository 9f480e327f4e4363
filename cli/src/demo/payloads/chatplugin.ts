import { hex, type Random } from './random';
import type { WebhookRequest } from './request';

/** What a visitor's browser sends. */

export type ChatContent = Readonly<Record<string, unknown>>;

export const chatText = (text: string): ChatContent => ({ text });

export function chatPicture(random: Random): ChatContent {
  return {
    attachment: { type: 'image', payload: { url: `https://cdn.example.org/${hex(random, 12)}/screenshot.png` } },
  };
}

/** Answers `{token, messages}`. */
export function chatAuthenticate(channelId: string): WebhookRequest {
  return {
    path: '/chatplugin.authenticate',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channel_id: channelId }),
  };
}

/** @param key Idempotency-Key: the same call sent again is the same message */
export function chatSend(visitorToken: string, content: ChatContent, key: string): WebhookRequest {
  return {
    path: '/chatplugin.send',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${visitorToken}`,
      'idempotency-key': key,
    },
    body: JSON.stringify({ message: content }),
  };
}
