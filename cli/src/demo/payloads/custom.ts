import type { WebhookRequest } from './request';

/** Calls of a custom source: `sources.webhook`. */

export interface CustomMessage {
  readonly source_message_id: string;
  readonly source_conversation_id: string;
  readonly source_channel_id: string;
  readonly source_sender_id: string;
  readonly content: unknown;
  readonly from_contact: boolean;
  /** Epoch milliseconds. */
  readonly sent_at: number;
}

export interface CustomMetadata {
  readonly namespace: 'conversation' | 'message';
  /** The source's id of the conversation or message. */
  readonly source_id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** At most so many messages and metadata entries go into one call. */
export const CUSTOM_ENTRIES_MAX = 1_000;

export function customRequest(
  sourceToken: string,
  messages: readonly CustomMessage[],
  metadata: readonly CustomMetadata[] = [],
): WebhookRequest {
  return {
    path: '/sources.webhook',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${sourceToken}` },
    body: JSON.stringify({ messages, metadata }),
  };
}
