import { v5 as uuidV5 } from 'uuid';

/** Namespace of all derived ids (RFC 9562, 5.5); changing it would change every id. */
const NAMESPACE = '8a6e0804-2bd0-5672-b79d-d97027f9071a';

/** The parts are framed as JSON, so that ("a", "bc") and ("ab", "c") differ. */
function derive(kind: string, ...parts: readonly (string | number)[]): string {
  return uuidV5(JSON.stringify([kind, ...parts]), NAMESPACE);
}

/** Ids are derived, never drawn: what is told twice is the same thing. */
export const ids = {
  channel: (accountId: number, source: string, sourceChannelId: string) =>
    derive('channel', accountId, source, sourceChannelId),
  /** Providers: one conversation per channel and contact. */
  conversationOfContact: (channelId: string, contactId: string) => derive('conversation', channelId, contactId),
  /** Custom sources name their conversations. */
  conversationOfSource: (accountId: number, source: string, sourceConversationId: string) =>
    derive('source-conversation', accountId, source, sourceConversationId),
  messageOfChannel: (channelId: string, providerMessageId: string) => derive('message', channelId, providerMessageId),
  messageOfSource: (accountId: number, source: string, sourceMessageId: string) =>
    derive('source-message', accountId, source, sourceMessageId),
  /** Of a command: a fresh nonce, or what the caller's Idempotency-Key stands for. */
  ofCommand: (kind: string, nonce: string) => derive('command', kind, nonce),
  /** Event of a cause; several events of one cause differ in name or index. */
  event: (cause: string, name: string, index: number | string = 0) => derive('event', cause, name, index),
  idempotency: (accountId: number, caller: string, path: string, key: string) =>
    derive('idempotency', accountId, caller, path, key),
} as const;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text is a uuid, in any case of letters. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
