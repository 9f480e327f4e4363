import type { Block } from './block';
import type { HeldConversation } from './tail';

/** What is only ever added: it may be in the store before the position that it belongs to. */
export interface Additions {
  /** Numbers of new rows by the id of the message. */
  readonly messageIds: Map<string, number>;
  /** Blocks of new rows. */
  readonly blocks: Map<number, Block>;
  /** Offsets of events by their id. */
  readonly events: Map<string, number>;
}

/** One record that was applied: by it a log is told from another one that has the same offsets. */
export interface Mark {
  readonly offset: number;
  readonly key: string | null;
  /** Epoch milliseconds. */
  readonly timestamp: number;
}

function noAdditions(): Additions {
  return { messageIds: new Map(), blocks: new Map(), events: new Map() };
}

/** What a partition changed since the last commit began: read before the store, written by the next commit. */
export class Layer {
  readonly conversations = new Map<string, HeldConversation>();
  /** Blocks from before the layer, with a changed row. */
  readonly changedBlocks = new Map<number, Block>();
  /** Conversations opened so far, by account. */
  readonly opened = new Map<number, number>();
  nextBlock: number | undefined;
  position: number | undefined;
  mark: Mark | undefined;

  constructor(public added: Additions = noAdditions()) {}

  get additions(): number {
    return this.added.messageIds.size + this.added.events.size;
  }

  get changes(): number {
    return this.conversations.size + this.changedBlocks.size;
  }

  get isEmpty(): boolean {
    return this.position === undefined;
  }

  block(number: number): Block | undefined {
    return this.changedBlocks.get(number) ?? this.added.blocks.get(number);
  }

  /** A layer of what was added, which this one has no more. */
  takeAdditions(): Layer {
    const layer = new Layer(this.added);
    this.added = noAdditions();
    return layer;
  }
}
