import * as fc from 'fast-check';
import {
  createIndex,
  decodeCursor,
  encodeCursor,
  type Hit,
  type IndexDocument,
  QueryError,
  type SearchIndex,
} from '../src';
import { document, schema } from './fixtures';

interface Walk {
  /** Follows the link to the end; between pages `disturb` changes the index. */
  readonly direction: 'next' | 'previous';
  readonly size: number;
  readonly query: string | undefined;
  disturb(page: number): void;
}

function walk(index: SearchIndex, from: Hit | undefined, { direction, size, query, disturb }: Walk): readonly string[] {
  const seen: string[] = [];
  let end = from;
  for (let page = 0; ; page++) {
    const cursor = end && { cursor: encodeCursor({ direction, sortKey: end.sortKey, id: end.id }) };
    const result = index.search({ ...(query !== undefined && { query }), accounts: null, page: { size, ...cursor } });
    const ids = result.hits.map(({ id }) => id);
    if (direction === 'next') seen.push(...ids);
    else seen.unshift(...ids);
    const more = direction === 'next' ? result.hasNext : result.hasPrevious;
    end = direction === 'next' ? result.hits.at(-1) : result.hits[0];
    if (!more || !end) return seen;
    disturb(page);
  }
}

const anyKey = fc.integer({ min: 0, max: 6 });
const anyDisturbance = fc.array(fc.record({ number: fc.nat({ max: 40 }), sortKey: anyKey, put: fc.boolean() }), {
  maxLength: 6,
});

function fill(keys: readonly number[]) {
  const index = createIndex(schema);
  const documents = keys.map((sortKey, i) => document(`still-${i}`, { source: 'still' }, { sortKey }));
  for (const item of documents) index.put(item);
  return { index, expected: inOrder(documents) };
}

function inOrder(documents: readonly IndexDocument[]): readonly string[] {
  const sorted = [...documents].sort((a, b) => b.sortKey - a.sortKey || (a.id < b.id ? -1 : 1));
  return sorted.map(({ id }) => id);
}

describe('a walk by cursors', () => {
  it('meets each document that stays exactly once, whatever others do, there and back', () => {
    const run = fc.property(
      fc.array(anyKey, { minLength: 1, maxLength: 25 }),
      fc.array(anyDisturbance, { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(undefined, '*:*', 'id:*'),
      (keys, disturbances, size, query) => {
        const { index, expected } = fill(keys);
        const disturb = (page: number) => {
          for (const { number, sortKey, put } of disturbances[page] ?? []) {
            if (put) index.put(document(`other-${number}`, {}, { sortKey }));
            else index.delete(`other-${number}`);
          }
        };
        const stays = (id: string) => id.startsWith('still');
        expect(walk(index, undefined, { direction: 'next', size, query, disturb }).filter(stays)).toEqual(expected);
        const back = walk(index, { sortKey: -1, id: '' }, { direction: 'previous', size, query, disturb });
        expect(back.filter(stays)).toEqual(expected);
      },
    );
    fc.assert(run, { numRuns: 300 });
  });

  it('goes on where the document of the cursor was, after it has gone', () => {
    const { index } = fill([5, 4, 3, 2, 1]);
    index.delete('still-1');
    const cursor = encodeCursor({ direction: 'next', sortKey: 4, id: 'still-1' });
    const page = index.search({ accounts: null, page: { size: 2, cursor } });
    expect(page.hits.map(({ id }) => id)).toEqual(['still-2', 'still-3']);
    expect(page).toMatchObject({ total: 4, hasPrevious: true, hasNext: true });
  });

  it.each([
    ['*:*', 200],
    ['source:rare', 5],
  ])('says whether pages lie before and after, both where matches are many and few: %s', (query, total) => {
    const index = createIndex(schema);
    for (let i = 0; i < 200; i++) {
      index.put(
        document(`d-${String(i).padStart(3, '0')}`, { source: i % 40 === 0 ? 'rare' : 'common' }, { sortKey: -i }),
      );
    }
    const all = index.search({ query, accounts: null, page: { size: 200 } });
    expect(all).toMatchObject({ total, hasPrevious: false, hasNext: false });
    all.hits.forEach((hit, i) => {
      const at = (direction: 'next' | 'previous') =>
        index.search({ query, accounts: null, page: { size: 2, cursor: encodeCursor({ direction, ...hit }) } });
      expect(at('next')).toMatchObject({
        hits: all.hits.slice(i + 1, i + 3),
        hasPrevious: true,
        hasNext: i + 3 < total,
      });
      expect(at('previous')).toMatchObject({
        hits: all.hits.slice(Math.max(0, i - 2), i),
        hasPrevious: i - 2 > 0,
        hasNext: true,
      });
    });
  });
});

describe('cursors', () => {
  it('come back as they were', () => {
    const any = fc.record({
      direction: fc.constantFrom('next' as const, 'previous' as const),
      sortKey: fc.double({ noNaN: true, noDefaultInfinity: true }).map((key) => key + 0),
      id: fc.string({ unit: 'binary' }),
    });
    fc.assert(fc.property(any, (position) => expect(decodeCursor(encodeCursor(position))).toEqual(position)));
  });

  it.each(['', 'not-a-cursor', '-1', '1.5', '20', 'n_', 'nx_id', 'n1', 'n01_id', 'n1e999_id', 'x1_id', 'N1_id'])(
    'are of its own making: %j is none',
    (text) => {
      expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: 'BAD_CURSOR' }));
      const search = () => createIndex(schema).search({ accounts: null, page: { size: 1, cursor: text } });
      expect(search).toThrow(QueryError);
    },
  );
});
