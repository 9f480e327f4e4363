import type { Block } from './block';
import type { HeldConversation } from './tail';

/** What a partition changed since the last commit began: read before the store, written by the next commit. */
export class Layer {
  readonly conversations = new Map<string, HeldConversation>();
  /** Numbers of new rows by the id of the message. */
  readonly messageIds = new Map<string, number>();
  /** Blocks that are new or have a changed row. */
  readonly blocks = new Map<number, Block>();
  readonly events = new Set<string>();
  /** Conversations opened so far, by account. */
  readonly opened = new Map<number, number>();
  nextBlock: number | undefined;
  position: number | undefined;

  get changes(): number {
    return this.conversations.size + this.messageIds.size + this.blocks.size + this.events.size;
  }

  get isEmpty(): boolean {
    return this.position === undefined;
  }
}
