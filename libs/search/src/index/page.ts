import type { CursorPosition } from '../port';
import { type Bits, forEachBit, hasBit } from './bits';
import type { RecencyOrder } from './recency-order';
import { Selection } from './selection';

/** Where a page lies among the matches. */
export type PageStart = { readonly offset: number } | CursorPosition;

export interface SelectedPage {
  /** Newest first. */
  readonly slots: readonly number[];
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
}

export interface Matches {
  readonly bits: Bits;
  readonly total: number;
}

/**
 * Cuts a page out of the matches. Where they are many, the next ones are near wherever one is in the order of all documents, and
 * walking there finds them; where they are few, looking at each is cheaper.
 */
export function selectPage(matches: Matches, order: RecencyOrder, start: PageStart, size: number): SelectedPage {
  const { total } = matches;
  if (total === 0) return { slots: [], hasPrevious: false, hasNext: false };
  const wanted = size + 1 + ('offset' in start ? start.offset : 0);
  // Matches lie in clumps: the walk may well be twice as long as even spreading would make it.
  const walkSteps = Math.min(order.size, (2 * wanted * order.size) / total);
  return total < walkSteps ? bySelecting(matches, order, start, size) : byWalking(matches, order, start, size);
}

function bySelecting({ bits, total }: Matches, order: RecencyOrder, start: PageStart, size: number): SelectedPage {
  if ('offset' in start) {
    const newest = new Selection(start.offset + size, (a, b) => order.compare(a, b));
    forEachBit(bits, (slot) => newest.add(slot));
    const slots = newest.sorted().slice(start.offset);
    return { slots, hasPrevious: start.offset > 0, hasNext: start.offset + size < total };
  }
  const { direction, sortKey, id } = start;
  const isNext = direction === 'next';
  const nearest = new Selection(size, isNext ? (a, b) => order.compare(a, b) : (a, b) => order.compare(b, a));
  let beyond = 0;
  forEachBit(bits, (slot) => {
    const side = order.compareTo(slot, sortKey, id);
    if (isNext ? side <= 0 : side >= 0) return;
    beyond++;
    nearest.add(slot);
  });
  const slots = nearest.sorted();
  if (isNext) return { slots, hasPrevious: beyond < total, hasNext: beyond > size };
  return { slots: slots.reverse(), hasPrevious: beyond > size, hasNext: beyond < total };
}

function byWalking({ bits, total }: Matches, order: RecencyOrder, start: PageStart, size: number): SelectedPage {
  if ('offset' in start) {
    const slots: number[] = [];
    let skip = start.offset;
    if (skip < total && size > 0) {
      order.forward(order.front, (slot) => {
        if (hasBit(bits, slot) && skip-- <= 0) slots.push(slot);
        return slots.length < size;
      });
    }
    return { slots, hasPrevious: start.offset > 0, hasNext: start.offset + size < total };
  }
  const place = order.at(start.sortKey, start.id);
  const isHere = (slot: number) => order.compareTo(slot, start.sortKey, start.id) === 0;
  const before = (limit: number) => collect(bits, limit, (visit) => order.backward(place, visit));
  const after = (limit: number, own: boolean) =>
    collect(bits, limit, (visit) => order.forward(place, (slot) => (isHere(slot) && !own) || visit(slot)));
  const more = start.direction === 'next' ? after(size + 1, false) : before(size + 1);
  const slots = more.slice(0, size);
  if (start.direction === 'next') {
    // The document of the cursor itself lies before the page.
    const own = after(1, true)[0];
    const hasPrevious = (own !== undefined && isHere(own)) || before(1).length > 0;
    return { slots, hasPrevious, hasNext: more.length > size };
  }
  return { slots: slots.reverse(), hasPrevious: more.length > size, hasNext: after(1, true).length > 0 };
}

function collect(bits: Bits, limit: number, walk: (visit: (slot: number) => boolean) => void): number[] {
  const slots: number[] = [];
  if (limit <= 0) return slots;
  walk((slot) => {
    if (hasBit(bits, slot)) slots.push(slot);
    return slots.length < limit;
  });
  return slots;
}
