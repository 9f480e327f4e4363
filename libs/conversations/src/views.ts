/** What a conversation and its messages look like from outside, before a dialect gives them its own shape. */

/** Delivery ladder: it only climbs; failed is final until a resend. */
export type DeliveryState = 'pending' | 'sent' | 'delivered' | 'read' | 'failed';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface SenderView {
  /** The contact's id at the source, or the id of the user or token that sent it. */
  readonly id: string;
  readonly name: string | null;
  readonly avatarUrl: string | null;
}

export interface MessageView {
  readonly id: string;
  readonly conversationId: string;
  readonly channelId: string;
  readonly source: string;
  readonly sourceMessageId: string | null;
  /** The payload as it came; a payload that is no JSON is a string. `data_<url>` metadata is applied already. */
  readonly content: Json;
  /** What a person reads of it, null where there is none. */
  readonly text: string | null;
  /** False for a kind of message that the source's adapter does not know. */
  readonly supported: boolean;
  readonly deliveryState: DeliveryState;
  readonly fromContact: boolean;
  /** Epoch milliseconds, the provider's. */
  readonly sentAt: number;
  readonly metadata: JsonObject;
  readonly sender: SenderView;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ConversationView {
  readonly id: string;
  readonly accountId: number;
  /** Small, unique in the account. */
  readonly number: number;
  /** Channel of the last message; its name and state are joined by whoever asks. */
  readonly channelId: string;
  readonly source: string;
  readonly sourceConversationId: string | null;
  /** The contact's id at the source: where an answer goes. */
  readonly sourceContactId: string | null;
  /** sentAt of the first message applied, epoch milliseconds. */
  readonly createdAt: number;
  /** sentAt of lastMessage, epoch milliseconds; the sort key of lists. */
  readonly lastMessageAt: number;
  /** metadata.contact.display_name, else the default name. */
  readonly displayName: string;
  readonly unreadCount: number;
  readonly messageCount: number;
  /** OPEN, CLOSED, or null where none is set. */
  readonly state: string | null;
  readonly tagIds: readonly string[];
  /**
   * Nested: contact{display_name, …} (the default name filled in), unread_count, tags{<id>: ""} and state while set,
   * user_data and whatever a source wrote.
   */
  readonly metadata: JsonObject;
  readonly lastMessage: MessageView;
  /** Count of the events that changed it: a cache key together with the id. */
  readonly version: number;
}
