import type { ConversationView } from '@parley/conversations';
import { decodeCursor, encodeCursor } from '@parley/search';
import type { ConversationsPage, SearchConversations } from './protocol';

/** Order of all results: newest first, ties by id. */
function compare(a: ConversationView, b: ConversationView): number {
  if (a.lastMessageAt !== b.lastMessageAt) return b.lastMessageAt - a.lastMessageAt;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function cursorAt(direction: 'next' | 'previous', view: ConversationView | undefined): string | null {
  return view ? encodeCursor({ direction, sortKey: view.lastMessageAt, id: view.id }) : null;
}

/** What is asked of each aggregator so that their answers hold the page: with an offset, everything before it too. */
export function partRequest(request: SearchConversations): SearchConversations {
  return request.offset === undefined ? request : { ...request, offset: 0, size: request.offset + request.size };
}

/** One page out of the aggregators' answers to `partRequest`. */
export function mergePages(request: SearchConversations, pages: readonly ConversationsPage[]): ConversationsPage {
  const all = pages.flatMap((page) => page.items).sort(compare);
  const counted = {
    total: pages.reduce((sum, page) => sum + page.total, 0),
    // A field that one of them knows is known.
    unknownFields: (pages[0]?.unknownFields ?? []).filter((field) =>
      pages.every((p) => p.unknownFields.includes(field)),
    ),
  };
  if (request.offset !== undefined)
    return { ...counted, ...offsetPage(request.size, request.offset, all, counted.total) };
  return { ...counted, ...keysetPage(request, pages, all) };
}

type Paged = Pick<ConversationsPage, 'items' | 'nextCursor' | 'previousCursor'>;

function offsetPage(size: number, offset: number, all: readonly ConversationView[], total: number): Paged {
  return {
    items: all.slice(offset, offset + size),
    nextCursor: offset + size < total ? String(offset + size) : null,
    previousCursor: offset > 0 ? String(Math.max(0, offset - size)) : null,
  };
}

function keysetPage(
  { size, cursor }: SearchConversations,
  pages: readonly ConversationsPage[],
  all: readonly ConversationView[],
): Paged {
  const backwards = cursor !== undefined && decodeCursor(cursor).direction === 'previous';
  const items = backwards ? all.slice(-size) : all.slice(0, size);
  const cut = all.length > items.length;
  // One that has nothing on the cursor's far side names no cursor, and has all that it counts on the near side.
  const isBehind = cursor !== undefined && pages.some((page) => page.items.length === 0 && page.total > 0);
  const hasNext = (backwards ? isBehind : cut) || pages.some((page) => page.nextCursor !== null);
  const hasPrevious = (backwards ? cut : isBehind) || pages.some((page) => page.previousCursor !== null);
  return {
    items,
    nextCursor: hasNext ? cursorAt('next', items.at(-1)) : null,
    previousCursor: hasPrevious ? cursorAt('previous', items[0]) : null,
  };
}
