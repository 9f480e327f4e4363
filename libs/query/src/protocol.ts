/**
 * The query API: what an aggregator answers over HTTP. POST with a JSON body to the path, bearer SYSTEM_TOKEN; errors
 * are `{code, message, field?}` with the status that a caller of the public API would get.
 */
import type { ConversationView, MessageView } from '@parley/conversations';

/** A read demands that the partition has been applied up to here: offset is the last event's own. */
export interface AtLeast {
  readonly partition: number;
  readonly offset: number;
}

export interface SearchConversations {
  /** Lucene classic query syntax; absent finds all. */
  readonly query?: string;
  /** Tenants of the caller; null for all. */
  readonly accounts: readonly number[] | null;
  readonly size: number;
  /** Either of both, or none for the first page. `cursor` is the opaque text of an earlier answer. */
  readonly cursor?: string;
  readonly offset?: number;
  /** False leaves the items out: total alone. */
  readonly items?: boolean;
}

export interface ConversationsPage {
  readonly items: readonly ConversationView[];
  /** Matches of this query for these accounts, exact. */
  readonly total: number;
  readonly nextCursor: string | null;
  readonly previousCursor: string | null;
  readonly unknownFields: readonly string[];
}

export interface ListMessages {
  readonly conversationId: string;
  readonly accounts: readonly number[] | null;
  readonly size: number;
  /** Id of the first message of the page; absent for the newest. */
  readonly cursor?: string;
}

export interface MessagesPage {
  /** Newest first: by sentAt, then log order. */
  readonly items: readonly MessageView[];
  readonly total: number;
  /** Id of the next (older) page's first message, null on the last page. */
  readonly nextCursor: string | null;
  /** Id of the previous (newer) page's first message, null on the first page. */
  readonly previousCursor: string | null;
}

export interface MessageLocation {
  readonly message: MessageView;
  readonly accountId: number;
}

export interface PartitionPosition {
  readonly partition: number;
  /** Next offset to be applied. */
  readonly applied: number;
  /** End of the log when last looked. */
  readonly end: number;
}

export interface PartitionHash {
  readonly partition: number;
  readonly applied: number;
  /** SHA-256 over the canonical states of the partition's conversations and messages, in id order. */
  readonly hash: string;
  readonly conversations: number;
}

export interface QueryClient {
  /** One page over all partitions. @throws AppError INVALID_QUERY, INVALID_CURSOR, UNAVAILABLE */
  searchConversations(request: SearchConversations): Promise<ConversationsPage>;
  /** Totals of several queries in one call, in their order. */
  countConversations(
    accounts: readonly number[] | null,
    queries: readonly (string | undefined)[],
  ): Promise<readonly number[]>;
  getConversation(id: string, accounts: readonly number[] | null): Promise<ConversationView | undefined>;
  /** Undefined if there is no such conversation. @throws AppError INVALID_CURSOR */
  listMessages(request: ListMessages): Promise<MessagesPage | undefined>;
  /** Finds a message without knowing its conversation. */
  getMessage(id: string, accounts: readonly number[] | null): Promise<MessageLocation | undefined>;
  /** Resolves true once the event is applied, false after maxWaitMs. */
  awaitApplied(at: AtLeast, maxWaitMs: number): Promise<boolean>;
  positions(): Promise<readonly PartitionPosition[]>;
  stateHash(): Promise<readonly PartitionHash[]>;
  close(): Promise<void>;
}

/** Paths of the query API. */
export const queryPaths = {
  search: '/query/conversations.search',
  count: '/query/conversations.count',
  conversation: '/query/conversations.get',
  messages: '/query/messages.list',
  message: '/query/messages.get',
  await: '/query/positions.await',
  positions: '/query/positions.list',
  stateHash: '/query/state-hash',
} as const;

export type QueryName = keyof typeof queryPaths;

/** What is posted to each path. */
export interface QueryRequests {
  readonly search: SearchConversations;
  readonly count: { readonly accounts: readonly number[] | null; readonly queries: readonly (string | null)[] };
  readonly conversation: { readonly id: string; readonly accounts: readonly number[] | null };
  readonly messages: ListMessages;
  readonly message: { readonly id: string; readonly accounts: readonly number[] | null };
  readonly await: AtLeast & { readonly maxWaitMs: number };
  readonly positions: Readonly<Record<string, never>>;
  readonly stateHash: Readonly<Record<string, never>>;
}

/** What each path answers with 200. What is not there is null, not 404: the path itself is. */
export interface QueryAnswers {
  readonly search: ConversationsPage;
  readonly count: { readonly totals: readonly number[] };
  readonly conversation: { readonly conversation: ConversationView | null };
  readonly messages: { readonly page: MessagesPage | null };
  readonly message: { readonly location: MessageLocation | null };
  readonly await: { readonly applied: boolean };
  readonly positions: { readonly positions: readonly PartitionPosition[] };
  readonly stateHash: { readonly partitions: readonly PartitionHash[] };
}
