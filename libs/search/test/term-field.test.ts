import * as fc from 'fast-check';
import { emptyBits, forEachBit } from '../src/index/bits';
import { TermField } from '../src/index/term-field';
import { Budget } from '../src/limits';
import { prefixTerms, rangeTerms, type TermSet } from '../src/terms/term-set';

function termsOf(field: TermField): readonly string[] {
  const seen: string[] = [];
  const has = (term: string) => seen.push(term) > 0;
  field.addAnyTo(new Uint32Array(1), new Uint32Array(1), { ...prefixTerms(''), has }, new Budget(0));
  return seen.sort();
}

const slots = 8_000;

function found(field: TermField, set: TermSet): readonly number[] {
  const bits = emptyBits(slots);
  field.addAnyTo(bits, emptyBits(slots).fill(0xffffffff), set, new Budget(slots));
  const seen: number[] = [];
  forEachBit(bits, (slot) => seen.push(slot));
  return seen;
}

describe('the terms of a field', () => {
  it('go with the last document that has them', () => {
    const field = new TermField('text');
    field.replace(1, ['own', 'shared', 'shared']);
    field.replace(2, ['shared', 'other']);
    expect(termsOf(field)).toEqual(['other', 'own', 'shared']);
    field.replace(1, ['new']);
    expect(termsOf(field)).toEqual(['new', 'other', 'shared']);
    field.replace(2, []);
    expect(termsOf(field)).toEqual(['new']);
    expect(field.isEmpty).toBe(false);
    field.replace(1, []);
    expect(termsOf(field)).toEqual([]);
    expect(field.isEmpty).toBe(true);
  });

  it('are kept apart in texts of many words, repeated ones too', () => {
    const field = new TermField('text');
    const words = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `w${from + i}`);
    field.replace(1, [...words(0, 200), ...words(0, 200)]);
    field.replace(1, [...words(100, 300), 'w100']);
    expect(termsOf(field)).toEqual(words(100, 300).sort());
    expect(field.count('w100')).toBe(1);
    field.replace(1, ['w150']);
    expect(termsOf(field)).toEqual(['w150']);
  });

  /** Enough changes for terms to be sorted, merged, lost, back, and sorted out again. */
  it('are found by prefix and range while they come and go between the searches', () => {
    const text = (random: number) => `${(random % 9_973).toString(36)} ${(random % 11).toString(36)}`.split(' ');
    const sets = [
      ...['', 'a', '7', '1z', 'zz'].map(prefixTerms),
      rangeTerms({ text: '3', inclusive: false }, { text: '5k', inclusive: true }),
      rangeTerms(null, { text: '2', inclusive: false }),
      rangeTerms({ text: 'a', inclusive: true }, null),
    ];
    const isIn = (set: TermSet, term: string) =>
      term >= set.from &&
      term.startsWith(set.prefix) &&
      (set.to === null || term <= set.to) &&
      set.has(term, new Budget(slots));
    const batch = fc.record({
      count: fc.constantFrom(3, 40, 2_000, 14_000),
      seed: fc.nat(),
      share: fc.nat({ max: 3 }),
    });
    const run = fc.property(fc.array(batch, { minLength: 2, maxLength: 8 }), (batches) => {
      const field = new TermField('text');
      const documents = new Map<number, readonly string[]>();
      for (const { count, seed, share } of batches) {
        let random = seed;
        for (let i = 0; i < count; i++) {
          random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
          const slot = (random >>> 8) % slots;
          const terms = (random >>> 4) % 8 < share ? [] : text(random >>> 3);
          field.replace(slot, terms);
          documents.set(slot, terms);
        }
        for (const set of sets) {
          const expected = [...documents].filter(([, terms]) => terms.some((term) => isIn(set, term)));
          expect(found(field, set)).toEqual(expected.map(([slot]) => slot).sort((a, b) => a - b));
        }
      }
    });
    fc.assert(run, { numRuns: 8 });
  });
});
