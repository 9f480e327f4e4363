import { type Cursor, type CursorPosition, QueryError } from './port';

/** Text of a position in the order of results. It never is a plain number, which callers may take for an offset. */
export function encodeCursor({ direction, sortKey, id }: CursorPosition): Cursor {
  return `${direction === 'next' ? 'n' : 'p'}${sortKey}_${id}`;
}

/** @throws QueryError BAD_CURSOR for a text that encodeCursor does not make */
export function decodeCursor(text: string): CursorPosition {
  const match = /^([np])(-?\d[\d.e+-]*)_(.*)$/s.exec(text);
  if (!match) throw badCursor();
  const [, letter, sortKey, id = ''] = match;
  const position: CursorPosition = { direction: letter === 'n' ? 'next' : 'previous', sortKey: Number(sortKey), id };
  // Only what was written here comes back unchanged.
  if (!Number.isFinite(position.sortKey) || encodeCursor(position) !== text) throw badCursor();
  return position;
}

function badCursor(): QueryError {
  return new QueryError('BAD_CURSOR', 'this is no cursor that a page gave');
}
