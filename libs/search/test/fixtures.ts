import * as fc from 'fast-check';
import type { IndexDocument, IndexSchema } from '../src';

export const schema: IndexSchema = {
  fields: {
    id: 'keyword',
    source: 'keyword',
    display_name: 'text',
    tag_ids: 'text',
    created_at: 'date',
    unread_count: 'integer',
  },
  dynamicPrefix: 'metadata.',
  defaultField: 'id',
};

export const dayMs = 86_400_000;
export const start = Date.UTC(2020, 0, 1);

/** A document whose id, by default, is its only value. */
export function document(
  id: string,
  fields: IndexDocument['fields'] = {},
  { sortKey = 0, accountId = 1 }: { sortKey?: number; accountId?: number } = {},
): IndexDocument {
  return { id, accountId, sortKey, fields: { id, ...fields } };
}

const word = fc.oneof(
  fc.constantFrom(
    'grace',
    'Grace',
    'ada',
    'hopper',
    "o'neil-smith",
    'love',
    'lovelace',
    'a',
    'ab',
    'ba',
    'gräce',
    '😀a',
  ),
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }),
);
const text = fc.array(word, { maxLength: 6 }).map((found) => found.join(' '));

/** Few ids, sort keys and values, so that ties, updates and matches abound. */
export const anyDocument: fc.Arbitrary<IndexDocument> = fc
  .record({
    number: fc.integer({ min: 0, max: 30 }),
    accountId: fc.integer({ min: 1, max: 2 }),
    shard: fc.integer({ min: 0, max: 2 }),
    sortKey: fc.integer({ min: 0, max: 8 }),
    fields: fc.record(
      {
        source: fc.constantFrom('facebook', 'twilio.sms', 'Custom'),
        display_name: text,
        tag_ids: fc.array(fc.constantFrom('t1', 't2', 't3'), { maxLength: 3 }),
        created_at: fc.integer({ min: 0, max: 3 * dayMs }).map((ms) => start + ms),
        unread_count: fc.integer({ min: -2, max: 6 }),
        'metadata.state': fc.constantFrom('OPEN', 'CLOSED', ''),
        'metadata.user_data.note': text,
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ number, accountId, shard, sortKey, fields }) => {
    const id = `id-${String(number).padStart(2, '0')}`;
    return { id, accountId, shard, sortKey, fields: { id, ...fields } };
  });

const textField = fc.constantFrom(
  'display_name',
  'metadata.user_data.note',
  'metadata.state',
  'source',
  'tag_ids',
  'id',
);
const plainWord = word.map((found) => found.replace(/[^\p{L}\p{N}'-]/gu, 'a'));
const pattern = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', 'gr', '*', '?', 'o', 'e'),
  minLength: 1,
  maxLength: 6,
});
const regex = fc.constantFrom(
  'gra.e',
  'a*b',
  '(ab|c)+',
  '[a-b]{1,2}',
  '[^a]*',
  '.*e',
  '@o@',
  'a|b|ada',
  'love(lace)?',
  '\\w+',
  '.{3}',
);
const bound = fc.oneof(plainWord, fc.constant('*'));
const integer = fc.oneof(fc.integer({ min: -3, max: 7 }).map(String), fc.constant('*'));
const date = fc.oneof(
  fc.constantFrom('2020-01', '2020-01-01', '2020-01-02', '2020-01-02T12', '2020-01-03T06:30:00Z', '*'),
  fc.integer({ min: 0, max: 3 * dayMs }).map((ms) => String(start + ms)),
);

function range(from: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom('[', '{'), from, from, fc.constantFrom(']', '}'))
    .map(([open, low, high, close]) => `${open}${low} TO ${high}${close}`);
}

const leaf = fc.oneof(
  fc.tuple(textField, plainWord).map(([field, value]) => `${field}:${value}`),
  fc.tuple(textField, pattern).map(([field, value]) => `${field}:${value}`),
  fc.tuple(textField, plainWord, fc.constantFrom('~', '~1', '~2')).map((parts) => `${parts[0]}:${parts[1]}${parts[2]}`),
  fc.tuple(textField, regex).map(([field, value]) => `${field}:/${value}/`),
  fc.tuple(textField, range(bound)).map(([field, value]) => `${field}:${value}`),
  fc
    .tuple(textField, fc.array(plainWord, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '~1', '~2', '~4'))
    .map(([field, found, slop]) => `${field}:"${found.join(' ')}"${slop}`),
  fc.integer({ min: 0, max: 30 }).map((number) => `id-${String(number).padStart(2, '0')}`),
  range(integer).map((value) => `unread_count:${value}`),
  range(date).map((value) => `created_at:${value}`),
  fc.constantFrom('unread_count:2', 'unread_count:\\-1', 'unread_count:*', 'created_at:2020-01-02', '*:*', '*'),
  fc.constantFrom('tag_ids:*', 'nosuch:x', '_exists_:metadata.state', 'metadata.never:x', 'source:"Twilio.SMS"'),
);

/** Queries of every kind, all of them well formed. */
export const anyQuery: fc.Arbitrary<string> = fc.letrec<{ query: string; clause: string }>((tie) => ({
  query: fc
    .array(fc.tuple(fc.constantFrom('', ' AND', ' OR', ' &&'), fc.constantFrom('', '+', '-', 'NOT '), tie('clause')), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) =>
      parts
        .map(([and, sign, clause], i) => `${i > 0 ? and : ''} ${sign}${clause}`)
        .join('')
        .trim(),
    ),
  clause: fc.oneof(
    { maxDepth: 2 },
    leaf,
    leaf,
    tie('query').map((query) => `(${query})`),
  ),
})).query;
