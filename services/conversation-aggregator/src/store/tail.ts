/**
 * A conversation's row holds the last changes of its listing besides its state: most conversations are so short that
 * a place of its own for each message would be written for nothing. Beyond TAIL_MAX the tail goes to its places.
 *
 *   0  u16  number of changes
 *   2  f64  sentAt, f64 sequence, f64 row; for each change
 *      state as UTF-8
 */
import type { ConversationState } from '@parley/conversations';
import type { Arena } from './arena';
import type { Place } from './keys';
import { restoreConversation, storeConversation } from './rows';

const TAIL_MAX = 32;
const CHANGE_BYTES = 24;
const UNLISTED = -1;

export interface ListingChange extends Place {
  /** Number of the listed message's row; undefined: nothing is listed at this place any more. */
  readonly row: number | undefined;
}

/** Changes in their order, sentAt, sequence and row of each one: the last one of a place counts. */
export type Tail = number[];

/** A conversation in memory; what it holds is replaced as events are applied. */
export interface HeldConversation {
  readonly id: string;
  state: ConversationState;
  readonly tail: Tail;
}

export function addChange(tail: Tail, { sentAt, sequence }: Place, row: number | undefined): void {
  tail.push(sentAt, sequence, row ?? UNLISTED);
}

export function changesOf(tail: Tail): readonly ListingChange[] {
  const changes: ListingChange[] = [];
  for (let at = 0; at < tail.length; at += 3) {
    const [sentAt = 0, sequence = 0, row = UNLISTED] = tail.slice(at, at + 3);
    changes.push({ sentAt, sequence, row: row === UNLISTED ? undefined : row });
  }
  return changes;
}

export function isLong(tail: Tail): boolean {
  return tail.length > TAIL_MAX * 3;
}

export function encodeConversation(arena: Arena, state: ConversationState, tail: Tail): Buffer {
  const text = storeConversation(state);
  return arena.take(2 + tail.length * 8 + text.length * 3, (memory, start) => {
    let at = memory.writeUInt16BE(tail.length / 3, start);
    for (const number of tail) at = memory.writeDoubleBE(number, at);
    return at + memory.write(text, at, 'utf8');
  });
}

export function decodeConversation(bytes: Buffer): HeldConversation {
  const end = 2 + bytes.readUInt16BE(0) * CHANGE_BYTES;
  const tail: Tail = [];
  for (let at = 2; at < end; at += 8) tail.push(bytes.readDoubleBE(at));
  const state = restoreConversation(bytes.toString('utf8', end));
  return { id: state.id, state, tail };
}
