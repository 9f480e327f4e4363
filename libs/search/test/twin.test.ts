import * as fc from 'fast-check';
import { createIndex, type IndexDocument, parseQuery, type SearchIndex } from '../src';
import { anyDocument, anyQuery, schema } from './fixtures';
import { scan } from './scan';

type Change = { put: IndexDocument } | { delete: IndexDocument };
const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: anyDocument.map((put) => ({ put })), weight: 4 },
  { arbitrary: anyDocument.map((document) => ({ delete: document })), weight: 1 },
);

function apply(changes: readonly Change[], index: SearchIndex, documents: Map<string, IndexDocument>): void {
  for (const change of changes) {
    if ('put' in change) {
      index.put(change.put);
      documents.set(change.put.id, change.put);
    } else {
      index.delete(change.delete.id);
      documents.delete(change.delete.id);
    }
  }
}

function expectSame(index: SearchIndex, documents: Map<string, IndexDocument>, query: string): void {
  const all = scan(documents.values(), parseQuery(query));
  const first = all.filter(({ accountId }) => accountId === 1);
  const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id);
  const everywhere = index.search({ query, accounts: null, page: { size: 1000 } });
  expect(ids(everywhere.hits)).toEqual(ids(all));
  expect(everywhere.total).toBe(all.length);
  const page = index.search({ query, accounts: [1], page: { size: 3, offset: 2 } });
  expect(ids(page.hits)).toEqual(ids(first.slice(2, 5)));
  expect(page).toMatchObject({ total: first.length, hasPrevious: first.length > 0, hasNext: first.length > 5 });
  expect(index.count(query, [1, 2])).toBe(all.length);
  const inShards = all.filter(({ shard }) => shard !== 1);
  expect(ids(index.search({ query, accounts: null, shards: [2, 0], page: { size: 1000 } }).hits)).toEqual(
    ids(inShards),
  );
  expect(index.count(query, [1], [2, 0])).toBe(inShards.filter(({ accountId }) => accountId === 1).length);
  expect(index.size).toBe(documents.size);
}

describe('the index finds what a scan finds', () => {
  it('before and after updates and deletes', () => {
    const batches = fc.array(fc.array(anyChange, { maxLength: 40 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(batches, fc.array(anyQuery, { minLength: 1, maxLength: 8 }), (changes, queries) => {
        const index = createIndex(schema);
        const documents = new Map<string, IndexDocument>();
        for (const batch of changes) {
          apply(batch, index, documents);
          for (const query of queries) expectSame(index, documents, query);
        }
      }),
      { numRuns: 150 },
    );
  });
});
