import { coverOf } from './cover';

describe('which aggregators are asked', () => {
  const cover = (serving: Record<string, readonly number[]>) => coverOf(new Map(Object.entries(serving)), 4);

  it('takes one aggregator that serves all', () => {
    expect(cover({ a: [3, 1, 0, 2] })).toEqual({ sets: [{ partitions: [0, 1, 2, 3], servers: ['a'] }], uncovered: [] });
  });

  it('keeps replicas together, in the configured order', () => {
    expect(cover({ a: [0, 1], b: [2, 3], c: [0, 1] }).sets).toEqual([
      { partitions: [0, 1], servers: ['a', 'c'] },
      { partitions: [2, 3], servers: ['b'] },
    ]);
  });

  it('never asks two for the same partition', () => {
    expect(cover({ a: [0, 1, 2], b: [2, 3], c: [3] })).toEqual({
      sets: [
        { partitions: [0, 1, 2], servers: ['a'] },
        { partitions: [3], servers: ['c'] },
      ],
      uncovered: [],
    });
  });

  it('names the partitions that nobody serves', () => {
    expect(cover({ a: [1], b: [] }).uncovered).toEqual([0, 2, 3]);
  });
});
