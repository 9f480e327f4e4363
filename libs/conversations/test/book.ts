import type { ConversationEvent } from '@parley/contracts';
import {
  type Changes,
  type ConversationState,
  type ConversationView,
  findMessage,
  type MessageRow,
  type MessageState,
  type MessageView,
  reduce,
  type StateReader,
  viewConversation,
  viewMessage,
} from '@parley/conversations';

/** The simplest thing that keeps what the reducer says: the judge of the reducer, not of any store. */
export class Book implements StateReader {
  readonly conversations = new Map<string, ConversationState>();
  readonly rows = new Map<string, MessageRow>();
  readonly numbers = new Map<number, number>();
  /** Listing order is kept apart, as a store does, so that a row wrongly left in it shows. */
  readonly listed = new Map<string, MessageState>();
  readonly events = new Set<string>();

  conversation(id: string) {
    return this.conversations.get(id);
  }
  message(id: string) {
    return this.rows.get(id);
  }
  seen(eventId: string) {
    return this.events.has(eventId);
  }
  nextNumber(accountId: number) {
    return (this.numbers.get(accountId) ?? 0) + 1;
  }
  newestMessage(conversationId: string, exceptId: string) {
    return this.list(conversationId).find((message) => message.id !== exceptId);
  }

  apply(event: ConversationEvent, offset: number): Changes | undefined {
    const changes = reduce(this, event, offset);
    if (!changes) return undefined;
    const { conversation, messages, unlisted, rememberEvent, opened } = changes;
    this.conversations.set(conversation.id, conversation);
    for (const message of unlisted) this.listed.delete(place(message));
    for (const row of messages) {
      this.rows.set(row.id, row);
      if (row.kind === 'message') this.listed.set(place(row), row);
    }
    if (rememberEvent) this.events.add(event.value.eventId);
    if (opened) this.numbers.set(conversation.accountId, conversation.number);
    return changes;
  }

  /** Newest first. */
  list(conversationId: string): readonly MessageState[] {
    return [...this.listed.values()]
      .filter((message) => message.conversationId === conversationId)
      .sort((a, b) => b.sentAt - a.sentAt || b.sequence - a.sequence);
  }

  /** Undefined while the conversation is not visible. */
  view(conversationId: string): ConversationView | undefined {
    const state = this.conversations.get(conversationId);
    if (!state?.lastMessageId) return undefined;
    const last = findMessage(this, state.lastMessageId);
    if (last?.kind !== 'message') throw new Error('the last message is no message');
    return viewConversation(state, last);
  }

  views(conversationId: string): readonly MessageView[] {
    const state = this.conversations.get(conversationId);
    return state ? this.list(conversationId).map((message) => viewMessage(message, state)) : [];
  }

  /** Everything, as plain data. */
  dump() {
    return {
      conversations: [...this.conversations.values()],
      rows: [...this.rows.values()],
      listed: [...this.listed],
      numbers: [...this.numbers],
      events: [...this.events],
    };
  }

  /** What a process that was killed and started again has. */
  restarted(): Book {
    const dump: ReturnType<Book['dump']> = JSON.parse(JSON.stringify(this.dump()));
    const book = new Book();
    for (const state of dump.conversations) book.conversations.set(state.id, state);
    for (const row of dump.rows) book.rows.set(row.id, row);
    for (const [key, message] of dump.listed) book.listed.set(key, message);
    for (const [account, number] of dump.numbers) book.numbers.set(account, number);
    for (const id of dump.events) book.events.add(id);
    return book;
  }
}

function place({ conversationId, sentAt, sequence }: MessageState): string {
  return `${conversationId}/${sentAt}/${sequence}`;
}
