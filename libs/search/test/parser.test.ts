import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { limits, parseQuery, printQuery, QueryError } from '../src';

const cases = readFileSync(join(__dirname, 'queries.txt'), 'utf8')
  .split('\n')
  .filter((line) => line.includes('=>') && !line.startsWith('#'))
  .map((line) => {
    const [, query = '', expected = ''] = /^(.*?)\s+=> (.*?)(?:\s{2,}# .*)?$/.exec(line) ?? [];
    return { query, expected };
  });

function outcome(query: string): string {
  try {
    return printQuery(parseQuery(query));
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return `error ${error.code} at ${error.at}: ${error.message.replace(/^query, character \d+: /, '')}`;
  }
}

describe('the query language', () => {
  it.each(cases)('$query', ({ query, expected }) => {
    expect(outcome(query)).toBe(expected);
  });

  it.each(['', '  ', '\t\n'])('has no empty query: %j', (query) => {
    expect(outcome(query)).toBe(`error QUERY_SYNTAX at ${query.length}: found end of query, expected a term`);
  });

  it('tells the character in the message too', () => {
    expect(() => parseQuery('"open')).toThrow('query, character 5: found end of query, expected a closing quote');
  });

  it.each([
    ['length', 'a'.repeat(limits.queryCharsMax + 1)],
    ['clauses', 'a '.repeat(limits.clausesMax + 1)],
    ['nesting', '('.repeat(30_000)],
  ])('refuses too much: %s', (_, query) => {
    expect(() => parseQuery(query)).toThrow(expect.objectContaining({ code: 'QUERY_TOO_COSTLY' }));
  });

  it('takes what lies at the limits', () => {
    const deep = `${'('.repeat(limits.nestingMax)}a${')'.repeat(limits.nestingMax)}`;
    expect(outcome(deep)).toBe('a');
    expect(parseQuery('a '.repeat(limits.clausesMax))).toMatchObject({ kind: 'boolean' });
  });
});
