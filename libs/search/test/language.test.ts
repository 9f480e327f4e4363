import { createIndex, QueryError } from '../src';
import { dayMs, document, schema, start } from './fixtures';

const ids = {
  grace: '9f1c0000-0000-4000-8000-00000000abcd',
  ada: '11aa0000-0000-4000-8000-00000000beef',
  neil: '22bb0000-0000-4000-8000-00000000cafe',
} as const;

const index = createIndex(schema);
index.put(
  document(
    ids.grace,
    {
      display_name: 'Grace Hopper',
      source: 'facebook',
      tag_ids: ['t1', 't2'],
      unread_count: 2,
      created_at: start,
      'metadata.state': 'CLOSED',
      'metadata.user_data.erp.id': 'abc',
      'metadata.user_data.erp-no': '7',
    },
    { sortKey: 3 },
  ),
);
index.put(
  document(
    ids.ada,
    { display_name: 'Ada Lovelace', source: 'twilio.sms', tag_ids: ['t1'], unread_count: 5, created_at: start + dayMs },
    { sortKey: 2 },
  ),
);
index.put(
  document(
    ids.neil,
    {
      display_name: "neil o'neil-smith",
      source: 'facebook',
      tag_ids: [],
      unread_count: -1,
      created_at: start + 2 * dayMs,
    },
    { sortKey: 1 },
  ),
);
type Name = keyof typeof ids;

function names(query: string): readonly string[] {
  const { hits } = index.search({ query, accounts: null, page: { size: 10 } });
  return hits.map(({ id }) => Object.entries(ids).find(([, known]) => known === id)?.[0] ?? id);
}

const everyone: readonly Name[] = ['grace', 'ada', 'neil'];
const cases: readonly (readonly [query: string, found: readonly Name[]])[] = [
  // Names: any one token, without case, both ends open.
  ['display_name:Grace', ['grace']],
  ['display_name:grace', ['grace']],
  ['display_name:*Lovelace', ['ada']],
  ['display_name:*LOVE*', ['ada']],
  ['display_name:gr?ce', ['grace']],
  ['display_name:?RACE', ['grace']],
  ['display_name:Grace*', ['grace']],
  ['display_name:"Grace Hopper"', ['grace']],
  ['display_name:"hopper grace"', []],
  ['display_name:"hopper grace"~2', ['grace']],
  ['display_name:smith', []],
  ['display_name:*smith', ['neil']],
  ['display_name:nobody', []],
  [`display_name:grace ${ids.ada}`, ['grace', 'ada']],
  ['display_name:(grace lovelace)', ['grace', 'ada']],
  ['display_name:(grace AND hopper)', ['grace']],
  ['display_name:(grace AND lovelace)', []],
  ['display_name:grcae~1', ['grace']],
  ['display_name:grxxe~', ['grace']],
  ['display_name:grxxe~1', []],
  ['display_name:/gra.e/', ['grace']],
  ['display_name:/GRA[A-D]E/', ['grace']],
  ['display_name:/gra/', []],
  ['display_name:grace^3', ['grace']],
  ['display_name:[a TO h]', ['grace', 'ada']],
  ['display_name:{ada TO grace}', []],
  ['display_name:{ada TO grace]', ['grace']],
  ['display_name:[N TO *]', ['neil']],
  ['display_name:grace\\ nobody', ['grace']],
  // Ids.
  [`id:"${ids.grace.replaceAll('-', '\\-')}"`, ['grace']],
  [`id:${ids.grace.toUpperCase()}`, ['grace']],
  [`display_name:Ada OR id:"${ids.grace}"`, ['grace', 'ada']],
  // Tags, sources.
  ['tag_ids:(t1)', ['grace', 'ada']],
  ['tag_ids:(t1 AND t2)', ['grace']],
  ['tag_ids:*', ['grace', 'ada']],
  ['source:facebook', ['grace', 'neil']],
  ['source:(facebook OR twilio.sms)', everyone],
  ['source:"TWILIO.sms"', ['ada']],
  // Numbers.
  ['unread_count:2', ['grace']],
  ['unread_count:"2"', ['grace']],
  ['unread_count:(2 OR 5)', ['grace', 'ada']],
  ['unread_count:[2 TO *]', ['grace', 'ada']],
  ['unread_count:{2 TO *]', ['ada']],
  ['unread_count:[* TO 2]', ['grace', 'neil']],
  ['unread_count:[* TO 2}', ['neil']],
  ['unread_count:{2 TO 5}', []],
  ['unread_count:[* TO *]', everyone],
  ['unread_count:*', everyone],
  ['unread_count:\\-1', ['neil']],
  ['unread_count:[-1 TO 2]', ['grace', 'neil']],
  ['unread_count:[0 TO 99999999999999999999]', ['grace', 'ada']],
  ['unread_count:99999999999999999999', []],
  ['unread_count:[5 TO 2]', []],
  // Times.
  [`created_at:${start}`, ['grace']],
  [`created_at:[${start} TO ${start + dayMs}]`, ['grace', 'ada']],
  [`created_at:{${start} TO ${start + dayMs}]`, ['ada']],
  ['created_at:2020-01-02', ['ada']],
  ['created_at:[2020-01-01 TO 2020-01-02]', ['grace', 'ada']],
  ['created_at:[2020-01-01 TO 2020-01-02}', ['grace']],
  ['created_at:{2020-01-01 TO *]', ['ada', 'neil']],
  ['created_at:[2020-01 TO 2020-01]', everyone],
  ['created_at:"2020-01-02T01:00+01:00"', ['ada']],
  ['created_at:[2020-01-02T00:00:00.001Z TO *]', ['neil']],
  // Metadata by any key.
  ['metadata.user_data.erp.id:abc', ['grace']],
  ['metadata.user_data.erp-no:7', ['grace']],
  ['metadata.state:closed', ['grace']],
  ['metadata.state:*', ['grace']],
  ['_exists_:metadata.state', ['grace']],
  ['NOT _exists_:metadata.state', ['ada', 'neil']],
  ['metadata.nothing:x', []],
  // Everything, and everything but.
  ['*', everyone],
  ['*:*', everyone],
  ['id:*', everyone],
  ['source:*', everyone],
  ['NOT source:facebook', ['ada']],
  ['-source:facebook -display_name:ada', []],
  ['id:* AND NOT metadata.state:CLOSED', ['ada', 'neil']],
  ['source:facebook AND (NOT display_name:grace)', ['neil']],
  ['display_name:neil OR source:facebook AND unread_count:2', ['grace']],
  ['and', []],
  // No such field: nothing, and everything but nothing.
  ['nosuch:x', []],
  ['last_message_at:[1 TO *]', []],
  ['display_name:grace OR nosuch:x', ['grace']],
  ['NOT nosuch:x', everyone],
  ['""', []],
];

describe('what queries find', () => {
  it.each(cases)('%s', (query, found) => {
    expect(names(query)).toEqual(found);
  });

  it('names the fields that do not exist, once each', () => {
    const unknown = (query: string) => index.search({ query, accounts: null, page: { size: 1 } }).unknownFields;
    expect(unknown('nosuch:x OR (nosuch:y AND other:[1 TO 2]) -_exists_:third')).toEqual(['nosuch', 'other', 'third']);
    expect(unknown('metadata.never.seen:x')).toEqual([]);
    expect(unknown('display_name:a constructor:b')).toEqual(['constructor']);
  });

  it.each([
    ['unread_count:abc', 'unread_count'],
    ['unread_count:>1', 'unread_count'],
    ['unread_count:2.5', 'unread_count'],
    ['unread_count:1*', 'unread_count'],
    ['unread_count:2~', 'unread_count'],
    ['unread_count:/2/', 'unread_count'],
    ['unread_count:[a TO 2]', 'unread_count'],
    ['unread_count:(1 OR grace)', 'unread_count'],
    ['created_at:yesterday', 'created_at'],
    ['created_at:2020-02-30', 'created_at'],
    ['created_at:[2020-13-01 TO *]', 'created_at'],
    ['created_at:"2020-01-01T25:00Z"', 'created_at'],
    ['_exists_:disp*', '_exists_'],
  ])('%s is no value of its field', (query, field) => {
    expect(() => index.count(query, null)).toThrow(expect.objectContaining({ code: 'QUERY_VALUE', field }));
  });

  it.each([
    ['display_name:/a(b/', 17, 'found the end of the regular expression, expected ")"'],
    ['display_name:/*a/', 14, 'found "*", expected an expression'],
    ['display_name:/[a/', 16, 'found the end of the regular expression, expected "]"'],
    ['display_name:/[b-a]/', 18, 'found "]", expected a character not below b'],
    ['display_name:/a{2,1}/', 19, 'found "}", expected a number not below 2'],
    ['display_name:/a~b/', 15, 'found "~", expected no ~ but as \\~: this operator is not supported'],
  ])('%s is malformed at %i', (query, at, message) => {
    const search = () => index.count(query, null);
    expect(search).toThrow(QueryError);
    expect(search).toThrow(
      expect.objectContaining({ code: 'QUERY_SYNTAX', at, message: `query, character ${at}: ${message}` }),
    );
  });
});
