import { viewConversation } from '@parley/conversations';
import type { SearchConversations } from '@parley/query';
import { encodeCursor, type Page, QueryError, type SearchResult } from '@parley/search';
import { AppError } from '@parley/service-kit';
import type { Generation } from '../partition/generation';

/**
 * One page as JSON text: the texts of its conversations are kept, so that a page is a join.
 * @param shards partitions to look in; undefined for all
 */
export function searchPage(generation: Generation, request: SearchConversations, shards?: readonly number[]): string {
  const { query, accounts, items = true } = request;
  const result = asked(() =>
    generation.index.search({ query, accounts, ...(shards && { shards }), page: pageOf(request) }),
  );
  const views = items ? result.hits.flatMap(({ id }) => conversationText(generation, id) ?? []) : [];
  const { next, previous } = cursorsOf(request, result);
  const rest = { total: result.total, nextCursor: next, previousCursor: previous, unknownFields: result.unknownFields };
  return `{"items":[${views.join(',')}],${JSON.stringify(rest).slice(1)}`;
}

export function countMatches(
  generation: Generation,
  accounts: readonly number[] | null,
  queries: readonly (string | undefined)[],
  shards?: readonly number[],
): readonly number[] {
  return queries.map((query) => asked(() => generation.index.count(query, accounts, shards)));
}

/** A visible conversation's view as JSON text. */
export function conversationText(
  generation: Generation,
  id: string,
  accounts: readonly number[] | null = null,
): string | undefined {
  if (accounts) {
    const found = generation.conversation(id);
    if (!found || !accounts.includes(found.state.accountId)) return undefined;
  }
  return generation.views.get(id, () => {
    const found = generation.conversation(id);
    if (!found) return undefined;
    const last = found.partition.lastMessage(found.state);
    return last && JSON.stringify(viewConversation(found.state, last));
  });
}

function pageOf({ items, size, offset, cursor }: SearchConversations): Page {
  if (items === false) return { size: 0 };
  return offset === undefined ? { size, cursor } : { size, offset };
}

function cursorsOf(
  { size, offset }: SearchConversations,
  { hits, hasNext, hasPrevious }: SearchResult,
): { next: string | null; previous: string | null } {
  if (offset !== undefined) {
    return {
      next: hasNext ? String(offset + size) : null,
      previous: offset > 0 ? String(Math.max(0, offset - size)) : null,
    };
  }
  const first = hits[0];
  const last = hits.at(-1);
  return {
    next: hasNext && last ? encodeCursor({ direction: 'next', ...last }) : null,
    previous: hasPrevious && first ? encodeCursor({ direction: 'previous', ...first }) : null,
  };
}

/** The index speaks of queries and positions; callers are told which of their fields is to blame. */
function asked<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    if (error.code === 'BAD_CURSOR') {
      throw new AppError('INVALID_CURSOR', { message: error.message, field: 'cursor', cause: error });
    }
    const at = error.at === undefined ? '' : `, character ${error.at}`;
    throw new AppError('INVALID_QUERY', { message: `filters${at}: ${error.message}`, field: 'filters', cause: error });
  }
}
