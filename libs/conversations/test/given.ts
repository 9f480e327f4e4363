import type { ConversationEvent } from '@parley/contracts';
import type { ConversationState, MessageView } from '@parley/conversations';
import { Book } from './book';
import { conversationId } from './events';

/** Given these events, in log order: what the conversation and its messages are then. */
export function given(...events: readonly ConversationEvent[]) {
  const book = new Book();
  for (const [offset, event] of events.entries()) book.apply(event, offset);
  const state = book.conversation(conversationId);
  if (!state) throw new Error('no event left a conversation');
  return {
    book,
    state: state satisfies ConversationState,
    get view() {
      const view = book.view(conversationId);
      if (!view) throw new Error('the conversation is not visible');
      return view;
    },
    visible: state.lastMessageId !== null,
    /** Ids, newest first. */
    listed: book.list(conversationId).map((message) => message.id),
    message(id: string): MessageView {
      const found = book.views(conversationId).find((view) => view.id === id);
      if (!found) throw new Error(`${id} is not listed`);
      return found;
    },
  };
}
