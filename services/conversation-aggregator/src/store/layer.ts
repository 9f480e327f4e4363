import type { ConversationState, MessageRow } from '@parley/conversations';
import type { Place } from './keys';

export interface ListingChange extends Place {
  readonly id: string;
  readonly row: number;
  /** False: nothing is listed at this place any more. */
  readonly listed: boolean;
}

export interface NumberedMessage {
  /** Its id as a key of the store. */
  readonly key: Buffer;
  readonly row: number;
  readonly state: MessageRow;
}

/** What a partition changed since the last commit began: read before the store, written by the next commit. */
export class Layer {
  readonly conversations = new Map<string, ConversationState>();
  readonly messages = new Map<string, NumberedMessage>();
  /** By conversation, in the order of change: the last one of a place counts. */
  readonly listings = new Map<string, ListingChange[]>();
  readonly events = new Set<string>();
  /** Conversations opened so far, by account. */
  readonly opened = new Map<number, number>();
  nextRow: number | undefined;
  position: number | undefined;

  get changes(): number {
    return this.conversations.size + this.messages.size + this.events.size;
  }

  get isEmpty(): boolean {
    return this.position === undefined;
  }
}
