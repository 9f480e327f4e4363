import type { ConversationView } from '@parley/conversations';
import { decodeCursor, encodeCursor } from '@parley/search';
import * as fc from 'fast-check';
import { mergePages, partRequest } from './merge';
import type { ConversationsPage, SearchConversations } from './protocol';

type Item = Pick<ConversationView, 'id' | 'lastMessageAt'>;

const newestFirst = (a: Item, b: Item) => b.lastMessageAt - a.lastMessageAt || (a.id < b.id ? -1 : 1);

/** What one aggregator that has these conversations answers. */
function pageOf(items: readonly Item[], { size, cursor, offset }: SearchConversations): ConversationsPage {
  const all = [...items].sort(newestFirst);
  const at = cursor === undefined ? undefined : decodeCursor(cursor);
  const place = at && { id: at.id, lastMessageAt: at.sortKey };
  let from = offset ?? 0;
  let to = from + size;
  if (place && at?.direction === 'next') {
    from = all.filter((item) => newestFirst(item, place) <= 0 || item.id === place.id).length;
    to = from + size;
  } else if (place) {
    to = all.filter((item) => item.id !== place.id && newestFirst(item, place) < 0).length;
    from = Math.max(0, to - size);
  }
  const found = all.slice(from, to);
  const cursorAt = (direction: 'next' | 'previous', item: Item | undefined) =>
    item ? encodeCursor({ direction, sortKey: item.lastMessageAt, id: item.id }) : null;
  const byOffset = offset !== undefined;
  const next = byOffset ? String(offset + size) : cursorAt('next', found.at(-1));
  const previous = byOffset ? String(Math.max(0, offset - size)) : cursorAt('previous', found[0]);
  return {
    items: found as ConversationView[],
    total: all.length,
    nextCursor: to < all.length ? next : null,
    previousCursor: from > 0 ? previous : null,
    unknownFields: [],
  };
}

describe('one page out of several aggregators', () => {
  const placed = fc.record({ part: fc.nat({ max: 3 }), lastMessageAt: fc.nat({ max: 6 }) });
  const inParts = fc.array(placed, { minLength: 1, maxLength: 20 });

  const merged = (parts: readonly (readonly Item[])[], request: SearchConversations) =>
    mergePages(
      request,
      parts.map((items) => pageOf(items, partRequest(request))),
    );

  it.each(['cursor', 'offset'] as const)('is the page of one that has them all, by %s', (by) => {
    fc.assert(
      fc.property(inParts, fc.integer({ min: 1, max: 6 }), (list, size) => {
        const items = list.map(({ lastMessageAt }, index) => ({ id: `c${index}`, lastMessageAt }));
        const parts = [0, 1, 2, 3].map((part) => items.filter((_, index) => list[index]?.part === part));
        const asked = (cursor: string | undefined): SearchConversations => ({
          accounts: null,
          size,
          ...(by === 'offset' ? { offset: Number(cursor ?? 0) } : cursor !== undefined && { cursor }),
        });
        const compare = (cursor: string | undefined) => {
          const page = merged(parts, asked(cursor));
          expect(page).toEqual(pageOf(items, asked(cursor)));
          return page;
        };
        let page = compare(undefined);
        while (page.nextCursor !== null) page = compare(page.nextCursor);
        while (page.previousCursor !== null) page = compare(page.previousCursor);
      }),
    );
  });
});
