/** Shapes of the root (newest) generation, as its documentation shows them. */
import type { Json, JsonObject } from './client';

export interface Message {
  readonly id: string;
  readonly content: Json;
  readonly state: string;
  readonly delivery_state: string;
  readonly from_contact: boolean;
  readonly sent_at: string;
  readonly source: string;
  readonly metadata: JsonObject;
  readonly sender: { readonly id: string; readonly name?: string | null; readonly avatar_url?: string | null };
}

export interface Channel {
  readonly id: string;
  readonly source: string;
  readonly source_channel_id: string;
  readonly connected: boolean;
  readonly metadata: JsonObject & { readonly name: string };
}

export interface Conversation {
  readonly id: string;
  readonly created_at: string;
  readonly channel: Channel;
  readonly metadata: JsonObject & {
    readonly contact: JsonObject & { readonly display_name: string };
    readonly unread_count: number;
    readonly tags?: Readonly<Record<string, string>>;
    readonly state?: string;
    readonly user_data?: JsonObject;
  };
  readonly last_message: Message;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly pagination_data: {
    readonly previous_cursor: string | null;
    readonly next_cursor: string | null;
    readonly total: number;
  };
}

export interface Tag {
  readonly id: string;
  readonly name: string;
  readonly color: string;
}

export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
