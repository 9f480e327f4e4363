import { AppError } from '@parley/service-kit';
import { type Static, Type } from '@sinclair/typebox';

export const PAGE_SIZE_DEFAULT = 20;
const PAGE_SIZE_MAX = 10_000;

export const PageSize = Type.Integer({
  minimum: 1,
  maximum: PAGE_SIZE_MAX,
  default: PAGE_SIZE_DEFAULT,
  description: `items on the page, up to ${PAGE_SIZE_MAX}`,
});

export const ConversationsCursor = Type.Unsafe<string | number>({
  type: ['string', 'number'],
  description: 'next_cursor or previous_cursor of an earlier answer; or an offset as a number or decimal digits',
});

export type Pagination = {
  readonly previous_cursor: string | null;
  readonly next_cursor: string | null;
  readonly total: number;
};

/** Where a page begins. */
export type Place =
  | { readonly kind: 'start' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'cursor'; readonly cursor: string };

const DIGITS = /^\d{1,15}$/;

/** @throws AppError INVALID_CURSOR for numbers that are no offset; other texts are for the index to judge */
export function placeOf(cursor: Static<typeof ConversationsCursor> | undefined): Place {
  if (cursor === undefined || cursor === '') return { kind: 'start' };
  if (typeof cursor === 'string' && !DIGITS.test(cursor)) return { kind: 'cursor', cursor };
  const offset = Number(cursor);
  if (Number.isSafeInteger(offset) && offset >= 0) return { kind: 'offset', offset };
  throw new AppError('INVALID_CURSOR', {
    message: 'cursor must be one that an earlier answer gave, or an offset of 0 or more',
    field: 'cursor',
  });
}

/** Cursors of a page that was asked for by offset. */
export function offsetPagination(offset: number, size: number, total: number): Pagination {
  return {
    previous_cursor: String(Math.max(0, offset - size)),
    next_cursor: offset + size < total ? String(offset + size) : null,
    total,
  };
}
