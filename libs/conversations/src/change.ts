import type { ConversationEvent } from '@parley/contracts';
import { ReduceError } from './errors';
import { noMetadata } from './metadata';
import type { Changes, ConversationState, MessageRow, StateReader } from './state';

/** What every reducer of an event gets: the event's place, and the conversation before it. */
export interface Before {
  readonly reader: StateReader;
  readonly conversation: ConversationState;
  readonly offset: number;
}

const noTags: readonly string[] = Object.freeze([]);
export const noMessages: readonly never[] = Object.freeze([]);

/**
 * The conversation before the event: an empty, invisible one if nothing of it is known yet.
 * @throws ACCOUNT_MISMATCH
 */
export function conversationBefore(reader: StateReader, { value }: ConversationEvent): ConversationState {
  const known = reader.conversation(value.conversationId);
  if (!known) return emptyConversation(value.conversationId, value.accountId);
  if (known.accountId !== value.accountId) {
    throw new ReduceError('ACCOUNT_MISMATCH', `account ${value.accountId}, its conversation has ${known.accountId}`);
  }
  return known;
}

function emptyConversation(id: string, accountId: number): ConversationState {
  return {
    id,
    accountId,
    number: 0,
    channelId: '',
    source: '',
    sourceConversationId: null,
    sourceContactId: null,
    createdAt: 0,
    lastMessageId: null,
    lastMessageAt: 0,
    nextSequence: 0,
    messageCount: 0,
    unreadCount: 0,
    readSequence: 0,
    state: null,
    tagIds: noTags,
    metadata: noMetadata,
    deliveredUpTo: 0,
    readUpTo: 0,
    version: 0,
    position: 0,
  };
}

/** Changes of an event that has an id of its own: it is remembered even where it came to nothing. */
export function changes(
  { conversation, offset }: Before,
  change: Partial<ConversationState>,
  messages: readonly MessageRow[] = noMessages,
  unlisted: Changes['unlisted'] = noMessages,
): Changes {
  return {
    conversation: { ...conversation, ...change, version: conversation.version + 1, position: offset },
    messages,
    unlisted,
    rememberEvent: true,
    opened: false,
  };
}
