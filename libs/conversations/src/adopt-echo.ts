import type { Before } from './change';
import { climb, shownDeliveryState } from './delivery-state';
import { MetadataError } from './errors';
import { mergeMetadata } from './metadata';
import type { ConversationState, FlatMetadata, MessageRow, MessageState, PendingMessage } from './state';

export interface Adopted {
  readonly message: MessageState;
  readonly conversation: ConversationState;
  /** Rows to be written beside the message itself. */
  readonly messages: readonly MessageRow[];
  readonly unlisted: readonly MessageState[];
}

/** The message with what was told about it under another id, or before it came. Its own metadata wins. */
export function withFacts(
  message: MessageState,
  facts: Pick<PendingMessage, 'metadata' | 'deliveryState'>,
): MessageState {
  return {
    ...message,
    metadata: joined(facts.metadata, message.metadata),
    deliveryState: facts.deliveryState ? climb(message.deliveryState, facts.deliveryState) : message.deliveryState,
  };
}

/** Two that each fit may not fit together: then its own alone stay, for the message itself must not be lost. */
function joined(others: FlatMetadata, own: FlatMetadata): FlatMetadata {
  try {
    return mergeMetadata(others, own, []);
  } catch (error) {
    if (error instanceof MetadataError && error.code === 'METADATA_TOO_LARGE') return own;
    throw error;
  }
}

/**
 * Makes the provider's id of a message stand for it. What came under that id before, an echo that overtook the
 * provider's answer or facts about one, becomes part of the message: two rows would be one message shown twice.
 * @param key message id derived from the provider's
 */
export function adoptEcho({ reader, conversation }: Before, message: MessageState, key: string): Adopted {
  const row = reader.message(key);
  const unchanged = { message, conversation, messages: [], unlisted: [] };
  if (key === message.id) return unchanged;
  if (!row) return { ...unchanged, messages: [aliasOf(message, key)] };
  // What is another conversation's, the contact's own or stands for another message already is not ours, whatever
  // a provider claims.
  if (row.kind === 'alias' || row.conversationId !== message.conversationId) return unchanged;
  if (row.kind === 'message' && row.fromContact) return unchanged;
  // As they were shown: what a watermark told to be read stays so, though the other was reported as failed.
  const asShown = (one: MessageState) => ({ ...one, deliveryState: shownDeliveryState(one, conversation) });
  return {
    message: withFacts(asShown(message), row.kind === 'message' ? asShown(row) : row),
    conversation: row.kind === 'message' ? withoutListed(reader, conversation, row) : conversation,
    messages: [aliasOf(message, key)],
    unlisted: row.kind === 'message' ? [row] : [],
  };
}

function aliasOf(message: MessageState, key: string): MessageRow {
  return { kind: 'alias', id: key, conversationId: message.conversationId, of: message.id };
}

function withoutListed(
  reader: Before['reader'],
  conversation: ConversationState,
  gone: MessageState,
): ConversationState {
  const messageCount = conversation.messageCount - 1;
  if (conversation.lastMessageId !== gone.id) return { ...conversation, messageCount };
  const last = reader.newestMessage(conversation.id, gone.id);
  if (!last) return { ...conversation, messageCount, lastMessageId: null, lastMessageAt: 0 };
  return {
    ...conversation,
    messageCount,
    lastMessageId: last.id,
    lastMessageAt: last.sentAt,
    channelId: last.channelId,
    source: last.source,
  };
}
