/**
 * A conversation's row holds the last changes of its listing besides its state: most conversations are so short that
 * a place of its own for each message would be written for nothing. Beyond TAIL_MAX the tail goes to its places.
 */
import type { ConversationState } from '@parley/conversations';
import type { Place } from './keys';
import { RowReader, type RowWriter } from './row-bytes';
import { readConversation, writeConversation } from './rows';

const TAIL_MAX = 32;
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

/** Row of the last change; undefined if there is none, or it took a message from its place. */
export function lastRow(tail: Tail): number | undefined {
  const row = tail.at(-1) ?? UNLISTED;
  return row === UNLISTED ? undefined : row;
}

export function isLong(tail: Tail): boolean {
  return tail.length > TAIL_MAX * 3;
}

export function writeHeld(to: RowWriter, state: ConversationState, tail: Tail): RowWriter {
  writeConversation(to.begin(), state);
  return to.numbers(tail);
}

export function readHeld(bytes: Buffer): HeldConversation {
  const from = new RowReader(bytes);
  const state = readConversation(from);
  const tail = from.numbers();
  from.finish();
  return { id: state.id, state, tail };
}
