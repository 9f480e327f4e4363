import fc from 'fast-check';
import { shareOut } from './group-assignment';
import type { Partitions, Subscription } from './group-protocol';

const TOPICS = ['a', 'b', 'c'];

const subscription = (topics: readonly string[], owned: Partitions = new Map()): Subscription => ({
  topics,
  owned,
  nonce: '',
});

const anyCounts = fc
  .tuple(...TOPICS.map(() => fc.nat(12)))
  .map((counts) => new Map(TOPICS.map((t, n) => [t, counts[n] ?? 0])));
const anyMembers = fc.dictionary(fc.string({ minLength: 1 }), fc.subarray(TOPICS), { minKeys: 1, maxKeys: 6 });
const anyOwned = fc.array(fc.tuple(fc.constantFrom(...TOPICS), fc.uniqueArray(fc.nat(14), { maxLength: 6 })), {
  maxLength: 3,
});

function loadOf(share: Partitions | undefined): number {
  return [...(share ?? new Map())].reduce((sum, [, numbers]) => sum + numbers.length, 0);
}

describe('sharing partitions out', () => {
  it('gives each partition to one who subscribed to it, whatever the members believe to hold', () => {
    fc.assert(
      fc.property(anyCounts, anyMembers, fc.array(anyOwned), (counts, topics, owned) => {
        const members = new Map(
          Object.entries(topics).map(([id, own], n) => [id, subscription(own, new Map(owned[n] ?? []))]),
        );
        const given = [...shareOut(members, counts)].flatMap(([id, share]) =>
          [...share].flatMap(([topic, numbers]) => {
            expect(members.get(id)?.topics).toContain(topic);
            return numbers.map((partition) => `${topic}/${partition}`);
          }),
        );
        const wanted = new Set([...members.values()].flatMap((member) => member.topics));
        const all = [...counts].flatMap(([topic, count]) =>
          wanted.has(topic) ? Array.from({ length: count }, (_, partition) => `${topic}/${partition}`) : [],
        );
        expect(given.sort()).toEqual(all.sort());
      }),
    );
  });

  it('is even among members with the same topics, and the same for every leader', () => {
    fc.assert(
      fc.property(
        anyCounts,
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 7 }),
        (counts, ids) => {
          const members = new Map(ids.map((id) => [id, subscription(TOPICS)]));
          const shares = shareOut(members, counts);
          const loads = ids.map((id) => loadOf(shares.get(id)));
          expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
          expect(shareOut(new Map([...members].reverse()), counts)).toEqual(shares);
        },
      ),
    );
  });

  it('takes no more from members than it must when one comes, and none when one goes', () => {
    const counts = new Map([['a', 12]]);
    const step = (ids: string[], before: ReadonlyMap<string, Partitions>) =>
      shareOut(new Map(ids.map((id) => [id, subscription(['a'], before.get(id))])), counts);
    const numbers = (shares: ReadonlyMap<string, Partitions>, id: string) => shares.get(id)?.get('a') ?? [];
    const two = step(['x', 'y'], new Map());
    const three = step(['x', 'y', 'w'], two);
    for (const id of ['x', 'y']) {
      expect(numbers(three, id)).toHaveLength(4);
      expect(numbers(two, id)).toEqual(expect.arrayContaining([...numbers(three, id)]));
    }
    const left = step(['x', 'w'], three);
    for (const id of ['x', 'w']) expect(numbers(left, id)).toEqual(expect.arrayContaining([...numbers(three, id)]));
  });
});
