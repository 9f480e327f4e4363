/**
 * The query API: what an aggregator answers over HTTP. POST with a JSON body to the path, bearer SYSTEM_TOKEN; errors
 * are `{code, message, field?}` with the status that a caller of the public API would get.
 *
 * Several aggregators may serve the same partitions, and each is somewhere else on the log. So that no answer is older
 * than one that was given before:
 *
 * - A question names the partitions it is about, each with the position that the answer must have reached
 *   (`Demands.partitions`). The answer tells where its partitions stand (`Positioned.positions`), and the next question
 *   demands that. This holds for all that one client was told, whichever aggregator it came from.
 * - A question may demand `inTouch`: the aggregator must then be *in touch* with each partition. It is, if its states
 *   hold everything that was readable on the log at some moment of the last IN_TOUCH_MS, told by the monotonic clock,
 *   and if its process has not stood still (for STALL_MS or more) since that moment. So it is not in touch if it lags,
 *   if it can't reach the log, or if it was stopped and the question is what wakes it. This bounds what a client that
 *   was told nothing yet can be shown. Where no aggregator is in touch, the log being away, clients ask without it.
 *
 * What an aggregator can't answer under these demands it refuses: 503 `{code: UNAVAILABLE, message, reason, partitions}`
 * (`Refusal`). Another aggregator may answer, or the same one later.
 */
import type { ConversationView, MessageView } from '@parley/conversations';

/** How old the newest moment may be that an aggregator's states are known to hold, milliseconds. */
export const IN_TOUCH_MS = 2_000;
/** How long an aggregator's event loop may stand still before it must look at the log again, milliseconds. */
export const STALL_MS = 500;

/** A position in a partition: everything before the offset. */
export type PartitionOffset = readonly [partition: number, offset: number];

/** What a question may demand besides. */
export interface Demands {
  /**
   * The partitions to answer for, each with the position that must have been applied; nothing of others is in the
   * answer. Absent: all that are served, however far they are.
   */
  readonly partitions?: readonly PartitionOffset[];
  /** Refuse if not in touch with each of the partitions. */
  readonly inTouch?: boolean;
  /** How long to wait for positions that are demanded and not reached, milliseconds; absent: not at all. */
  readonly withinMs?: number;
}

/** Part of the answers to questions about conversations. */
export interface Positioned {
  /** Nothing at or behind these is in the answer. Everything before what was demanded is. */
  readonly positions: readonly PartitionOffset[];
}

/**
 * starting      the states have not caught up with the log since the process began
 * not-served    partitions of the question are not served here
 * behind        positions that are demanded have not been applied
 * out-of-touch  see above
 */
export type RefusalReason = 'starting' | 'not-served' | 'behind' | 'out-of-touch';

/** Body of a 503. */
export interface Refusal {
  readonly code: 'UNAVAILABLE';
  readonly message: string;
  readonly reason: RefusalReason;
  /** Those to blame. */
  readonly partitions: readonly number[];
}

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
  /** Whether the aggregator is in touch with the partition. */
  readonly inTouch: boolean;
}

export interface PartitionHash {
  readonly partition: number;
  readonly applied: number;
  /** SHA-256 over the canonical states of the partition's conversations and messages, in id order. */
  readonly hash: string;
  readonly conversations: number;
}

/**
 * Asks whichever aggregators serve the partitions. Answers never go back behind what an earlier one showed. All
 * throw AppError UNAVAILABLE, whose message names the partitions that nobody could answer for.
 */
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
  /** Resolves true once the event is applied, and then every later answer knows of it; false after maxWaitMs. */
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

/** What is posted to each path, beside its Demands. */
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

/** The questions about conversations: those that take Demands. `await` and `positions` are about the positions themselves. */
export type ReadName = Exclude<QueryName, 'await' | 'positions'>;

/** What each path answers with 200. What is not there is null, not 404: the path itself is. */
export interface QueryAnswers {
  readonly search: ConversationsPage & Positioned;
  readonly count: { readonly totals: readonly number[] } & Positioned;
  readonly conversation: { readonly conversation: ConversationView | null } & Positioned;
  readonly messages: { readonly page: MessagesPage | null } & Positioned;
  readonly message: { readonly location: MessageLocation | null } & Positioned;
  readonly await: { readonly applied: boolean };
  /** serving: the states have caught up once, and questions are answered. */
  readonly positions: { readonly positions: readonly PartitionPosition[]; readonly serving: boolean };
  readonly stateHash: { readonly partitions: readonly PartitionHash[] } & Positioned;
}
