import { findMessage, type MessageState, viewMessage } from '@parley/conversations';
import type { ListMessages, MessageLocation, MessagesPage } from '@parley/query';
import { AppError } from '@parley/service-kit';
import type { FoundConversation, Generation } from '../partition/generation';

/** One page of a conversation's messages, newest first; undefined if the caller may see no such conversation. */
export function messagesPage(generation: Generation, request: ListMessages): MessagesPage | undefined {
  const { conversationId, accounts, size, cursor } = request;
  const found = generation.conversation(conversationId);
  if (!found || !maySee(accounts, found.state.accountId)) return undefined;
  const from = cursor === undefined ? undefined : firstOf(found, cursor);
  const listed = found.partition.listed(conversationId, { from, direction: 'older', limit: size + 1 });
  return {
    items: listed.slice(0, size).map((message) => viewMessage(message, found.state)),
    total: found.state.messageCount,
    nextCursor: listed[size]?.id ?? null,
    previousCursor: from ? previousOf(found, from, size) : null,
  };
}

/** Finds a message of these partitions under its own id or that of an echo; undefined if the caller may see none. */
export function locateMessage(
  generation: Generation,
  id: string,
  accounts: readonly number[] | null,
  partitions: Iterable<number> = generation.partitions.keys(),
): MessageLocation | undefined {
  for (const number of partitions) {
    const partition = generation.partition(number);
    if (!partition) continue;
    const message = findMessage(partition, id);
    if (message?.kind !== 'message') continue;
    const state = partition.conversation(message.conversationId);
    if (state && maySee(accounts, state.accountId))
      return { message: viewMessage(message, state), accountId: state.accountId };
  }
  return undefined;
}

function maySee(accounts: readonly number[] | null, accountId: number): boolean {
  return accounts === null || accounts.includes(accountId);
}

function firstOf({ partition, state }: FoundConversation, cursor: string): MessageState {
  const message = partition.message(cursor);
  if (message?.kind !== 'message' || message.conversationId !== state.id) {
    throw new AppError('INVALID_CURSOR', { message: 'the conversation has no message of this id', field: 'cursor' });
  }
  return message;
}

/** The page before ends where this one begins; near the newest message it is a shorter step. */
function previousOf({ partition, state }: FoundConversation, first: MessageState, size: number): string | null {
  const newer = partition.listed(state.id, { from: first, direction: 'newer', limit: size + 1 });
  const start = newer.at(-1);
  return start && start.id !== first.id ? start.id : null;
}
