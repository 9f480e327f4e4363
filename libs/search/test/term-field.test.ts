import { TermField } from '../src/index/term-field';
import { Budget } from '../src/limits';
import { prefixTerms } from '../src/terms/term-set';

function termsOf(field: TermField): readonly string[] {
  const seen: string[] = [];
  const has = (term: string) => seen.push(term) > 0;
  field.addAnyTo(new Uint32Array(1), new Uint32Array(1), { ...prefixTerms(''), has }, new Budget(0));
  return seen.sort();
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
});
