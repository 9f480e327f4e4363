import * as fc from 'fast-check';
import { emptyBits, forEachBit, setBit } from '../src/index/bits';
import { SlotSet } from '../src/index/slot-set';

function slotsIn(set: SlotSet, end: number, scope = emptyBits(end).fill(0xffffffff)): readonly number[] {
  const found = emptyBits(end);
  set.addTo(found, scope);
  const slots: number[] = [];
  forEachBit(found, (slot) => slots.push(slot));
  return slots;
}

function sorted(slots: Iterable<number>): readonly number[] {
  return [...slots].sort((a, b) => a - b);
}

describe('a set of slots', () => {
  it.each([
    ['few slots, a bitmap soon', 1_000],
    ['slots in reach of both forms', 20_000],
    ['slots far apart, a table throughout', 1_000_000],
  ])('is what a plain set is: %s', (_, end) => {
    const change = fc.record({ slot: fc.nat({ max: end - 1 }), add: fc.integer({ min: 0, max: 3 }) });
    const phases = fc.array(fc.tuple(fc.boolean(), fc.array(change, { minLength: 400, maxLength: 400 })), {
      minLength: 3,
      maxLength: 6,
    });
    fc.assert(
      fc.property(phases, (all) => {
        const set = new SlotSet();
        const twin = new Set<number>();
        for (const [grows, changes] of all) {
          for (const { slot, add } of changes) {
            // A slot that is there, where it shrinks.
            const known = grows ? slot : ([...twin][slot % (twin.size || 1)] ?? slot);
            if (grows === add > 0) {
              expect(set.add(known)).toBe(!twin.has(known));
              twin.add(known);
            } else expect(set.remove(known)).toBe(twin.delete(known));
          }
          expect(set.size).toBe(twin.size);
          expect(slotsIn(set, end)).toEqual(sorted(twin));
        }
        for (const slot of twin) expect(set.remove(slot)).toBe(true);
        expect(slotsIn(set, end)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('gives those in scope alone', () => {
    for (const step of [1, 1_000]) {
      const set = new SlotSet();
      const scope = emptyBits(40_000);
      for (let slot = 0; slot < 40_000; slot += step) set.add(slot);
      for (const slot of [0, 3_000, 3_001, 39_000]) setBit(scope, slot);
      expect(slotsIn(set, 40_000, scope)).toEqual(step === 1 ? [0, 3_000, 3_001, 39_000] : [0, 3_000, 39_000]);
    }
  });
});
