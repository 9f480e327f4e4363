import * as fc from 'fast-check';
import { RecencyOrder } from '../src/index/recency-order';

interface Entry {
  readonly slot: number;
  readonly sortKey: number;
  readonly id: string;
}

/** Ids of this order lie across the order of the slots. */
const idOf = (slot: number) => `id-${(slot * 7919) % 10_007}`;

/** The order as a plain list, sorted anew each time. */
function sorted(entries: Iterable<Entry>): readonly Entry[] {
  return [...entries].sort((a, b) => b.sortKey - a.sortKey || (a.id < b.id ? -1 : 1));
}

function expectSame(order: RecencyOrder, entries: ReadonlyMap<number, Entry>, probes: readonly number[]): void {
  const all = sorted(entries.values());
  const slots = all.map(({ slot }) => slot);
  const seen: number[] = [];
  order.forward(order.front, (slot) => seen.push(slot) > 0);
  expect(seen).toEqual(slots);
  expect(order.size).toBe(slots.length);
  for (const probe of probes) {
    const probed = { sortKey: probe % 9, id: idOf(probe) };
    const split = all.findIndex(
      ({ sortKey, id }) => sortKey < probed.sortKey || (sortKey === probed.sortKey && id >= probed.id),
    );
    const at = split < 0 ? slots.length : split;
    const after: number[] = [];
    const before: number[] = [];
    order.forward(order.at(probed.sortKey, probed.id), (slot) => after.push(slot) < 5);
    order.backward(order.at(probed.sortKey, probed.id), (slot) => before.push(slot) < 5);
    expect(after).toEqual(slots.slice(at, at + 5));
    expect(before).toEqual(slots.slice(Math.max(0, at - 5), at).reverse());
  }
}

const nextKey = {
  rising: (step: number) => step,
  falling: (step: number) => -step,
  tied: (step: number, random: number) => (step + random) % 9,
  scattered: (_step: number, random: number) => random,
};

describe('the order by recency', () => {
  it.each(Object.entries(nextKey))('is that of a sorted list through splits and merges: %s keys', (_, key) => {
    const steps = fc.array(fc.record({ slot: fc.nat({ max: 3000 }), random: fc.nat({ max: 5000 }) }), {
      minLength: 2500,
      maxLength: 2500,
    });
    const run = fc.property(steps, fc.array(fc.nat({ max: 3000 }), { minLength: 6, maxLength: 6 }), (moves, probes) => {
      const order = new RecencyOrder();
      const entries = new Map<number, Entry>();
      for (const [step, { slot, random }] of moves.entries()) {
        if (entries.has(slot)) order.remove(slot);
        const entry = { slot, sortKey: key(step, random), id: idOf(slot) };
        order.add(slot, entry.sortKey, entry.id);
        entries.set(slot, entry);
      }
      expectSame(order, entries, probes);
      for (const slot of [...entries.keys()].filter((known) => known % 40 !== 0)) {
        order.remove(slot);
        entries.delete(slot);
      }
      expectSame(order, entries, probes);
      for (const slot of entries.keys()) order.remove(slot);
      expectSame(order, new Map(), probes);
    });
    fc.assert(run, { numRuns: 8 });
  });
});
