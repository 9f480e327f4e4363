import type { DeliveryState } from './views';

/** Dotted key to value as JSON text. Objects are flattened to their leaves; lists are one value. */
export type FlatMetadata = Readonly<Record<string, string>>;

/** What is kept of a conversation: plain data, the same bytes wherever the same events were applied. */
export interface ConversationState {
  readonly id: string;
  readonly accountId: number;
  /** Assigned by the partition when the first message is applied; 0 before (metadata may come first). */
  readonly number: number;
  readonly channelId: string;
  readonly source: string;
  readonly sourceConversationId: string | null;
  readonly sourceContactId: string | null;
  readonly createdAt: number;
  /** Key of the newest message: greatest sentAt, then log order. Null before the first message. */
  readonly lastMessageId: string | null;
  readonly lastMessageAt: number;
  /** Messages applied so far, deleted and merged ones too: the next message's `sequence`. */
  readonly nextSequence: number;
  /** Messages that are listed. */
  readonly messageCount: number;
  readonly unreadCount: number;
  /** Contact messages with a sequence below this are read (their view has user_read). */
  readonly readSequence: number;
  readonly state: string | null;
  readonly tagIds: readonly string[];
  readonly metadata: FlatMetadata;
  /** Outbound messages with sentAt up to here are at least delivered, read; 0 if none. */
  readonly deliveredUpTo: number;
  readonly readUpTo: number;
  readonly version: number;
  /** Offset of the last event that changed it. */
  readonly position: number;
}

/** A row under a message id. */
export type MessageRow = MessageState | MessageAlias | PendingMessage;

export interface MessageState {
  readonly kind: 'message';
  readonly id: string;
  readonly conversationId: string;
  /** Order in the log among the conversation's messages. */
  readonly sequence: number;
  readonly channelId: string;
  readonly source: string;
  readonly sourceMessageId: string | null;
  readonly fromContact: boolean;
  readonly senderId: string;
  readonly senderName: string | null;
  readonly content: string;
  readonly text: string | null;
  readonly supported: boolean;
  readonly sentAt: number;
  readonly deliveryState: DeliveryState;
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: FlatMetadata;
}

/**
 * The provider's id of a message that was sent from here: an echo under this id is that message. `of` was a message
 * when the alias was made, but may have become an alias since: follow it with `findMessage`.
 */
export interface MessageAlias {
  readonly kind: 'alias';
  readonly id: string;
  readonly conversationId: string;
  readonly of: string;
}

/** Facts about a message that is not there yet. */
export interface PendingMessage {
  readonly kind: 'pending';
  readonly id: string;
  readonly conversationId: string;
  readonly metadata: FlatMetadata;
  readonly deliveryState: DeliveryState | null;
  /** The provider's id and the message id derived from it, where a delivery report told them already. */
  readonly sourceMessageId: string | null;
  readonly sourceMessageKey: string | null;
}

/** What the reducer may ask of the state before the event. */
export interface StateReader {
  conversation(id: string): ConversationState | undefined;
  message(id: string): MessageRow | undefined;
  /** Whether an event of this id was applied. */
  seen(eventId: string): boolean;
  /** The number of the account's next conversation in this partition. */
  nextNumber(accountId: number): number;
  /**
   * The listed message with the greatest (sentAt, sequence) apart from one: the last message once that is merged away.
   * Asked only then, which is rare; undefined if there is no other.
   */
  newestMessage(conversationId: string, exceptId: string): MessageState | undefined;
}

/** What an event changes; everything not named stays. */
export interface Changes {
  readonly conversation: ConversationState;
  readonly messages: readonly MessageRow[];
  /** Listed message rows whose place (sentAt, sequence) or listing went away: their former state. */
  readonly unlisted: readonly MessageState[];
  /** Remember the event id: a repetition must be known. False for messages, whose own row tells. */
  readonly rememberEvent: boolean;
  /** The conversation became visible with this event: its number is taken. */
  readonly opened: boolean;
}
