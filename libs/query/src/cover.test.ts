import * as fc from 'fast-check';
import { coverOf } from './cover';

const PARTITIONS = [0, 1, 2, 3];

function cover(serving: Record<string, readonly number[]>, behind: Record<string, readonly number[]> = {}) {
  const candidates = Object.entries(serving).map(([server, partitions]) => ({
    server,
    penalty: (of: number) => (partitions.includes(of) ? (behind[server]?.includes(of) ? 1 : 0) : undefined),
  }));
  return coverOf(candidates, PARTITIONS);
}

describe('which aggregators are asked', () => {
  it('takes one aggregator that serves all', () => {
    expect(cover({ a: [3, 1], b: [3, 1, 0, 2] })).toEqual({
      assignments: [{ server: 'b', partitions: PARTITIONS }],
      uncovered: [],
    });
  });

  it('takes the first of equal ones', () => {
    expect(cover({ a: PARTITIONS, b: PARTITIONS }).assignments.map(({ server }) => server)).toEqual(['a']);
  });

  it('never asks two for the same partition, also where they overlap', () => {
    expect(cover({ a: [0, 1], b: [1, 2, 3] }).assignments).toEqual([
      { server: 'b', partitions: [1, 2, 3] },
      { server: 'a', partitions: [0] },
    ]);
  });

  it('asks another one for what the first is behind with', () => {
    expect(cover({ a: PARTITIONS, b: PARTITIONS }, { a: [2] }).assignments).toEqual([
      { server: 'b', partitions: PARTITIONS },
    ]);
    expect(cover({ a: PARTITIONS, b: [2] }, { a: [2] }).assignments).toEqual([
      { server: 'a', partitions: [0, 1, 3] },
      { server: 'b', partitions: [2] },
    ]);
  });

  it('asks the one that is behind where there is no other', () => {
    expect(cover({ a: PARTITIONS }, { a: [2] }).assignments).toEqual([{ server: 'a', partitions: PARTITIONS }]);
  });

  it('names the partitions that nobody serves', () => {
    expect(cover({ a: [1], b: [] }).uncovered).toEqual([0, 2, 3]);
  });

  it('covers each partition that anybody serves exactly once, by one with the least penalty', () => {
    const penalty = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
    const server = fc.array(penalty, { minLength: 8, maxLength: 8 });
    const asked = fc.uniqueArray(fc.integer({ min: 0, max: 7 }));
    fc.assert(
      fc.property(fc.array(server, { maxLength: 5 }), asked, (servers, partitions) => {
        const candidates = servers.map((penalties, at) => ({ server: at, penalty: (of: number) => penalties[of] }));
        const { assignments, uncovered } = coverOf(candidates, partitions);
        const covered = assignments.flatMap((assignment) => assignment.partitions);
        expect([...covered, ...uncovered].sort()).toEqual([...partitions].sort());
        expect(new Set(assignments.map((assignment) => assignment.server)).size).toBe(assignments.length);
        for (const { server: at, partitions: taken } of assignments) {
          for (const partition of taken) {
            const penalties = servers.flatMap((one) => one[partition] ?? []);
            expect(servers[at]?.[partition]).toBe(Math.min(...penalties));
          }
        }
        for (const partition of uncovered) expect(servers.every((one) => one[partition] === undefined)).toBe(true);
      }),
    );
  });
});
