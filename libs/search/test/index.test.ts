import { createIndex } from '../src';
import { document, schema } from './fixtures';

describe('the index', () => {
  it('confines a search to its accounts', () => {
    const index = createIndex(schema);
    index.put(document('a', {}, { accountId: 1, sortKey: 3 }));
    index.put(document('b', {}, { accountId: 2, sortKey: 2 }));
    index.put(document('c', {}, { accountId: 3, sortKey: 1 }));
    expect(index.count(undefined, null)).toBe(3);
    expect(index.count('*', [1, 3, 3, 9])).toBe(2);
    expect(index.count('NOT id:a', [2])).toBe(1);
    expect(index.count(undefined, [])).toBe(0);
    index.put(document('b', {}, { accountId: 1, sortKey: 2 }));
    expect(index.count(undefined, [2])).toBe(0);
    expect(index.count(undefined, [1])).toBe(2);
  });

  it('moves a document whose sort key changes', () => {
    const index = createIndex(schema);
    for (const [i, id] of ['a', 'b', 'c'].entries()) index.put(document(id, {}, { sortKey: 9 - i }));
    index.put(document('c', {}, { sortKey: 10 }));
    const { hits } = index.search({ accounts: null, page: { size: 10 } });
    expect(hits).toEqual([
      { id: 'c', sortKey: 10 },
      { id: 'a', sortKey: 9 },
      { id: 'b', sortKey: 8 },
    ]);
  });

  it('answers anew after each change, and apart for each query and its accounts', () => {
    const index = createIndex(schema);
    const counts = () =>
      [undefined, '*', 'unread_count:1'].map((query) => [index.count(query, null), index.count(query, [1])]);
    expect(counts()).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    index.put(document('a', { unread_count: 1 }));
    index.put(document('b', { unread_count: 1 }, { accountId: 2 }));
    expect(counts()).toEqual([
      [2, 1],
      [2, 1],
      [2, 1],
    ]);
    index.put(document('a', { unread_count: 2 }));
    expect(counts()).toEqual([
      [2, 1],
      [2, 1],
      [1, 0],
    ]);
    index.delete('b');
    expect(counts()).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
    for (let i = 0; i < 100; i++) expect(index.count(`unread_count:${i}`, [1, 2])).toBe(i === 2 ? 1 : 0);
  });

  it('pages by offset, past the end too', () => {
    const index = createIndex(schema);
    for (let i = 0; i < 5; i++) index.put(document(`d${i}`, {}, { sortKey: -i }));
    const page = (offset: number, size: number) => index.search({ accounts: null, page: { offset, size } });
    expect(page(0, 2)).toMatchObject({ total: 5, hasPrevious: false, hasNext: true });
    expect(page(3, 2)).toMatchObject({ hits: [{ id: 'd3' }, { id: 'd4' }], hasPrevious: true, hasNext: false });
    expect(page(7, 2)).toEqual({ hits: [], total: 5, unknownFields: [], hasPrevious: true, hasNext: false });
    expect(page(0, 10_000).hits).toHaveLength(5);
    expect(page(0, 0)).toMatchObject({ hits: [], total: 5, hasNext: true });
  });

  it('forgets a deleted document; its slot serves the next', () => {
    const index = createIndex(schema);
    index.put(document('a', { display_name: 'Ada', unread_count: 3, 'metadata.x': 'y' }));
    index.delete('a');
    index.delete('a');
    index.put(document('b', { display_name: 'Bo' }));
    expect(index.size).toBe(1);
    for (const query of ['id:a', 'display_name:ada', 'unread_count:*', 'metadata.x:*'])
      expect(index.count(query, null)).toBe(0);
    expect(index.count('display_name:bo', null)).toBe(1);
  });

  it.each([
    ['an unknown field', { nosuch: 'x' }],
    ['text for a number', { unread_count: 'two' }],
    ['no number', { unread_count: Number.NaN }],
  ])('refuses %s and stays as it was', (_, fields) => {
    const index = createIndex(schema);
    index.put(document('a', { display_name: 'Ada' }));
    expect(() => index.put(document('a', { display_name: 'Bo', ...fields }))).toThrow(TypeError);
    expect(index.count('display_name:ada', null)).toBe(1);
    expect(index.count('display_name:bo', null)).toBe(0);
  });

  it('keeps terms of many documents right while they grow and shrink, over slots of several chunks', () => {
    const index = createIndex(schema);
    const count = 70_000;
    const id = (i: number) => `d${i}`;
    for (let i = 0; i < count; i++)
      index.put({ id: id(i), accountId: 1, sortKey: i, fields: { source: i % 2 ? 'odd' : 'even' } });
    expect(index.count('source:odd', [1])).toBe(count / 2);
    for (let i = 1; i < count; i += 2) {
      if (i % 1000 !== 1) index.put({ id: id(i), accountId: 1, sortKey: i, fields: { source: 'even' } });
    }
    expect(index.count('source:odd', [1])).toBe(70);
    expect(index.count('source:even', [1])).toBe(count - 70);
    const { hits } = index.search({ query: 'source:odd', accounts: [1], page: { size: 2 } });
    expect(hits.map((hit) => hit.id)).toEqual(['d69001', 'd68001']);
    for (let i = 0; i < count; i++) index.delete(id(i));
    expect(index.count('*', null)).toBe(0);
  });
});
