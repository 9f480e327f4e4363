import * as fc from 'fast-check';
import { createIndex, QueryError } from '../src';
import { document, schema } from './fixtures';

const index = createIndex(schema);
for (let i = 0; i < 300; i++) {
  index.put(document(`id-${i}`, { display_name: `${'a'.repeat(i)} grace ${i}`, unread_count: i, created_at: i }));
}

function codeOf(query: string): string {
  try {
    index.count(query, null);
    return 'ok';
  } catch (error) {
    if (error instanceof QueryError) return error.code;
    throw error;
  }
}

const piece = fc.constantFrom(
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ' TO ',
    '"',
    '/',
    '\\',
    '*',
    '?',
    '~',
    '^',
    ':',
    '+',
    '-',
    '!',
    '&&',
    '||',
    ' AND ',
    ' OR ',
  ],
  ...[
    ' NOT ',
    'a',
    'display_name:',
    'unread_count:',
    'created_at:',
    '1',
    '2020-01-01',
    '.',
    '|',
    '@',
    '\\u00',
    'metadata.x:',
    '_exists_:',
  ],
);
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
  fc.array(piece, { maxLength: 20 }).map((parts) => `display_name:/${parts.join('').replaceAll('/', '')}/`),
);

describe('hostile queries', () => {
  it('meet a QueryError at worst', () => {
    fc.assert(
      fc.property(hostile, (query) => {
        expect(['ok', 'QUERY_SYNTAX', 'QUERY_VALUE', 'QUERY_TOO_COSTLY']).toContain(codeOf(query));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['parentheses', '('.repeat(60_000)],
    ['groups in a regular expression', `display_name:/${'('.repeat(30_000)}a${')'.repeat(30_000)}/`],
    ['repeats of repeats', `display_name:/${'('.repeat(20)}a${'{9}){9}'.repeat(10)}${'){9}'.repeat(10)}/`],
    ['a long repeat', 'display_name:/a{1,999999999}/'],
    ['an endless repeat of nothing', 'display_name:/(){99999999999999999999}/'],
    ['stacked repeats', `display_name:/a${'*'.repeat(5000)}/`],
    ['clauses', 'a '.repeat(30_000)],
    ['a fuzzy term of many characters', `display_name:${'a'.repeat(10_000)}~`],
    ['many automata', 'display_name:/(a?){300}a{300}b/ '.repeat(100)],
  ])('are refused: %s', (_, query) => {
    expect(codeOf(query)).toBe('QUERY_TOO_COSTLY');
  });

  it.each([
    ['operators', '+'.repeat(60_000), 'QUERY_SYNTAX'],
    ['backslashes', '\\'.repeat(60_001), 'QUERY_SYNTAX'],
    ['quotes', '"'.repeat(60_000), 'QUERY_TOO_COSTLY'],
    ['NOT', 'NOT '.repeat(15_000), 'QUERY_SYNTAX'],
    ['stars', `display_name:${'*'.repeat(60_000)}`, 'ok'],
    [
      'a classic of backtracking',
      `display_name:/(a*)*b/ OR display_name:/(a|aa)+b/ OR display_name:/(a?){50}a{50}b/`,
      'ok',
    ],
    ['a wildcard classic', `display_name:*${'a*'.repeat(20)}b`, 'ok'],
    ['many fuzzy terms', `display_name:${'ab'.repeat(120)}~ `.repeat(250), 'ok'],
    ['many patterns', `display_name:*${'a*'.repeat(150)}b `.repeat(200), 'ok'],
    ['a class of all', 'display_name:/[\\W\\w]*[^\\W\\w]/', 'ok'],
  ])('end: %s', (_, query, outcome) => {
    expect(codeOf(query)).toBe(outcome);
  });
});
