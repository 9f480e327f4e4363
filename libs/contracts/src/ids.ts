import { hash } from 'node:crypto';

/** Namespace of all derived ids; changing it would change every id. */
const NAMESPACE = Buffer.from('8a6e08042bd05672b79dd97027f9071a', 'hex');
/** First digit of the variant byte's half, by the digit of the digest that stands there (RFC 9562, 4.1). */
const VARIANT = '89ab89ab89ab89ab';

/**
 * UUID version 5 of a name in our namespace (RFC 9562, 5.5). Written here because it is on the path of every webhook:
 * the one-shot hash takes a third of the time of a general library's.
 */
export function uuidV5(name: string): string {
  const bytes = Buffer.allocUnsafe(NAMESPACE.length + Buffer.byteLength(name));
  NAMESPACE.copy(bytes);
  bytes.write(name, NAMESPACE.length);
  const hex = hash('sha1', bytes);
  const variant = VARIANT[Number.parseInt(hex.charAt(16), 16)];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The parts are framed as JSON, so that ("a", "bc") and ("ab", "c") differ. */
function derive(kind: string, ...parts: readonly (string | number)[]): string {
  return uuidV5(JSON.stringify([kind, ...parts]));
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
