import { createHash } from 'node:crypto';
import {
  type Changes,
  type ConversationState,
  canonical,
  canonicalConversation,
  type MessageRow,
  type MessageState,
  type StateReader,
} from '@parley/conversations';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface StateHash {
  /** SHA-256 over the canonical states of the partition's conversations and messages, in id order. */
  readonly hash: string;
  readonly conversations: number;
}

/** The states of one partition, in memory: for folding a log once, where an aggregator keeps a store. */
export class MemoryStates implements StateReader {
  private readonly conversations = new Map<string, ConversationState>();
  private readonly rows = new Map<string, MessageRow>();
  /** Ids of the messages that a conversation has, or had. */
  private readonly messageIds = new Map<string, Set<string>>();
  private readonly events = new Set<string>();
  private readonly opened = new Map<number, number>();

  /** @param partitions of the topic: conversation numbers are strided by it */
  constructor(
    private readonly partition: number,
    private readonly partitions: number,
  ) {}

  conversation(id: string): ConversationState | undefined {
    return this.conversations.get(id);
  }

  message(id: string): MessageRow | undefined {
    return this.rows.get(id);
  }

  seen(eventId: string): boolean {
    return this.events.has(eventId);
  }

  nextNumber(accountId: number): number {
    return this.partition + 1 + (this.opened.get(accountId) ?? 0) * this.partitions;
  }

  newestMessage(conversationId: string, exceptId: string): MessageState | undefined {
    let newest: MessageState | undefined;
    for (const id of this.messageIds.get(conversationId) ?? []) {
      const row = this.rows.get(id);
      if (row?.kind !== 'message' || id === exceptId || row.conversationId !== conversationId) continue;
      const later = newest && (row.sentAt - newest.sentAt || row.sequence - newest.sequence);
      if (later === undefined || later > 0) newest = row;
    }
    return newest;
  }

  apply({ conversation, messages, rememberEvent, opened }: Changes, eventId: string): void {
    this.conversations.set(conversation.id, conversation);
    const ids = this.messageIds.get(conversation.id) ?? new Set();
    for (const row of messages) {
      this.rows.set(row.id, row);
      if (row.kind === 'message') ids.add(row.id);
    }
    this.messageIds.set(conversation.id, ids);
    if (rememberEvent) this.events.add(eventId);
    if (opened) this.opened.set(conversation.accountId, (this.opened.get(conversation.accountId) ?? 0) + 1);
  }

  /** As an aggregator that has read the same gives it. */
  hash(): StateHash {
    const hash = createHash('sha256');
    for (const state of inIdOrder(this.conversations)) hash.update(canonicalConversation(state)).update('\n');
    for (const row of inIdOrder(this.rows)) hash.update(canonical(row)).update('\n');
    return { hash: hash.digest('hex'), conversations: this.conversations.size };
  }
}

/** The order of the state store's keys: a uuid's bytes, or the SHA-256 of an id of any other form. */
function inIdOrder<T>(byId: ReadonlyMap<string, T>): readonly T[] {
  const keyed = [...byId].map(([id, value]) => ({ key: orderKey(id), value }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  return keyed.map(({ value }) => value);
}

function orderKey(id: string): string {
  return UUID.test(id) ? id.replaceAll('-', '') : createHash('sha256').update(id).digest('hex');
}
