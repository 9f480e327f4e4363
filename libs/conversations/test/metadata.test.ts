import { flattenMetadata, type JsonObject, nestMetadata } from '@parley/conversations';
import fc from 'fast-check';
import { delivery, messageMetadata, metadata, received, submitted, taken } from './events';
import { given } from './given';

const json = fc.jsonValue({ maxDepth: 4 });

/** Objects whose keys have no dots, and which hold no empty objects: the ones that come back as they went. */
const plain: fc.Arbitrary<JsonObject> = fc.letrec<{ object: JsonObject; value: JsonObject[string] }>((tie) => ({
  object: fc.dictionary(
    fc.oneof(
      fc.string({ maxLength: 4 }).filter((key) => !key.includes('.')),
      fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', ''),
    ),
    tie('value'),
    { minKeys: 1, maxKeys: 4 },
  ),
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(null, true, 0, 1.5, '', 'text', [], [1, { a: {} }]),
    tie('object'),
  ),
})).object;

/** The twin: objects merged as objects. */
function merged(into: JsonObject, from: JsonObject): JsonObject {
  const entries = new Map(Object.entries(into));
  for (const [key, value] of Object.entries(from)) {
    const there = entries.get(key);
    entries.set(key, isObject(value) ? merged(isObject(there) ? there : {}, value) : value);
  }
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('flat metadata', () => {
  it('nests back to the object it was', () => {
    fc.assert(fc.property(plain, (object) => expect(nestMetadata(flattenMetadata(object))).toEqual(object)));
  });

  it('is what any JSON object is but for its empty objects', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (object) => {
        const flat = flattenMetadata(object as JsonObject);
        expect(flattenMetadata(nestMetadata(flat))).toEqual(flat);
      }),
    );
  });

  it.each<[string, JsonObject, string | undefined, Record<string, string>]>([
    ['dots in keys nest', { 'a.b': 1, a: { c: 2 } }, undefined, { 'a.b': '1', 'a.c': '2' }],
    ['lists are one value', { a: [1, { b: 2 }] }, undefined, { a: '[1,{"b":2}]' }],
    ['empty objects vanish', { a: {}, b: { c: {} } }, undefined, {}],
    ['a prefix goes before all', { a: { b: null } }, 'user_data', { 'user_data.a.b': 'null' }],
    ['of a text and an object the later wins', { 'a.b': 1, a: 'x' }, undefined, { a: '"x"' }],
    ['of an object and a text too', { a: 'x', 'a.b': 1 }, undefined, { 'a.b': '1' }],
  ])('%s', (_rule, object, prefix, flat) => {
    expect(flattenMetadata(object, prefix)).toEqual(flat);
  });

  it('has at most 32 levels, dots and lists counted', () => {
    const dots = (levels: number) => Array.from({ length: levels }, () => 'a').join('.');
    const lists = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    const tooDeep = expect.objectContaining({ code: 'METADATA_TOO_DEEP' });
    expect(() => flattenMetadata({ [dots(32)]: 1 })).not.toThrow();
    expect(() => flattenMetadata({ [dots(33)]: 1 })).toThrow(tooDeep);
    expect(() => flattenMetadata({ [dots(32)]: 1 }, 'user_data')).toThrow(tooDeep);
    expect(() => flattenMetadata({ a: lists(31) })).not.toThrow();
    expect(() => flattenMetadata({ a: lists(5000) })).toThrow(tooDeep);
    expect(() => flattenMetadata(JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`))).toThrow(tooDeep);
  });

  it('has at most 10,000 leaves', () => {
    const wide = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
    expect(() => flattenMetadata(wide(10_000))).not.toThrow();
    expect(() => flattenMetadata(wide(10_001))).toThrow(expect.objectContaining({ code: 'METADATA_TOO_LARGE' }));
  });
});

/** Half of what one subject may have, under a key of one letter. */
const half = (key: string) => ({ [key]: 'x'.repeat(500_000 - 3) });
const tooLarge = expect.objectContaining({ code: 'METADATA_TOO_LARGE' });

describe('metadata of one conversation or message', () => {
  const keys = (count: number, prefix: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, 1]));

  it('has at most 1,000,000 characters, quotes counted', () => {
    expect(() => flattenMetadata({ ...half('a'), ...half('b') })).not.toThrow();
    expect(() => flattenMetadata({ ...half('a'), ...half('b'), c: 1 })).toThrow(tooLarge);
    const full = [received('a', 10), metadata(half('a')), metadata(half('b'))];
    expect(() => given(...full)).not.toThrow();
    expect(() => given(...full, metadata({ c: 1 }))).toThrow(tooLarge);
    const message = [received('a', 10), messageMetadata('a', half('a')), messageMetadata('a', half('b'))];
    expect(() => given(...message)).not.toThrow();
    expect(() => given(...message, messageMetadata('a', { c: 1 }))).toThrow(tooLarge);
  });

  it('has at most 10,000 leaves, however many events wrote them', () => {
    const most = [metadata(keys(9_999, 'a')), metadata({ b: 1 })];
    expect(() => given(...most, metadata({ b: 2 }))).not.toThrow();
    expect(() => given(...most, metadata({ c: 1 }))).toThrow(tooLarge);
  });

  it('is not told leaf by leaf beyond that', () => {
    const long = 'k'.repeat(900_000);
    expect(() => flattenMetadata({ [long]: keys(9_000, 'a') })).toThrow(tooLarge);
    expect(() => given(received('a', 10), metadata({ [long]: keys(9_000, 'a') }))).toThrow(tooLarge);
    const hollow = Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`a${index}`, {}]));
    expect(flattenMetadata({ [long]: hollow })).toEqual({});
  });

  it('has room again for what takes the place of other things', () => {
    const full = [metadata(half('a')), metadata(half('b'))];
    expect(() => given(...full, metadata({ c: 1 }, ['a']), metadata({ d: 'y'.repeat(499_000) }))).not.toThrow();
    expect(() => given(...full, metadata({ 'a.b': 1, 'a.c': 2 }))).not.toThrow();
  });

  it('takes the provider’s reports, and echoes, though it is full', () => {
    const full = [submitted('a', 10), messageMetadata('a', half('a')), messageMetadata('a', half('b'))];
    const { message } = given(...full, messageMetadata('k', half('c')), taken('a', 'k'), delivery('a', 'delivered'));
    expect(message('a')).toMatchObject({ deliveryState: 'delivered', metadata: { source: { id: 'provider:k' } } });
    expect(Object.keys(message('a').metadata).sort()).toEqual(['a', 'b', 'source']);
  });

  it('replaces urls only as far as the content stays of a size to be shown', () => {
    const shown = given(
      received('a', 10, { content: JSON.stringify({ text: 'x'.repeat(1_000) }) }),
      messageMetadata('a', { data_x: 'y'.repeat(900_000) }),
    );
    expect(shown.message('a').content).toEqual({ text: 'x'.repeat(1_000) });
  });
});

describe('writing metadata', () => {
  it('merges as objects do', () => {
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 4 }), (writes) => {
        const events = writes.map((object) => metadata({ user_data: object }));
        const { view } = given(received('a', 10), ...events);
        const expected = writes.reduce<JsonObject>((all, object) => merged(all, { user_data: object }), {});
        expect(view.metadata.user_data).toEqual(expected.user_data);
      }),
    );
  });

  it.each<[string, Parameters<typeof metadata>[], JsonObject]>([
    ['merges by leaf', [[{ 'x.a': 1, 'x.b': 2 }], [{ 'x.b': 3 }]], { x: { a: 1, b: 3 } }],
    ['keeps types', [[{ a: null, b: false, c: 1.5, d: '1', e: [] }]], { a: null, b: false, c: 1.5, d: '1', e: [] }],
    ['replaces lists whole', [[{ a: [1, 2] }], [{ a: [3] }]], { a: [3] }],
    ['replaces an object by a value', [[{ 'x.a.b': 1, 'x.c': 2, xa: 3 }], [{ x: 4 }]], { x: 4, xa: 3 }],
    ['replaces a value by an object', [[{ x: 4 }], [{ 'x.a.b': 1 }]], { x: { a: { b: 1 } } }],
    ['takes a key and all below it', [[{ 'x.a': 1, 'x.b.c': 2, xy: 3 }], [{}, ['x']]], { xy: 3 }],
    ['takes away before it writes', [[{ 'x.a': 1 }], [{ 'x.b': 2 }, ['x']]], { x: { b: 2 } }],
    [
      'tells an object leaf by leaf, whoever wrote it',
      [[{ 'x.a': 1 }], [{ x: { b: 2, c: {} } }]],
      { x: { a: 1, b: 2 } },
    ],
  ])('%s', (_rule, writes, shown) => {
    const { view } = given(received('a', 10), ...writes.map((write) => metadata(...write)));
    const { contact: _contact, unread_count: _unread, ...rest } = view.metadata;
    expect(rest).toEqual(shown);
  });

  it('does the same for messages', () => {
    const writes = [messageMetadata('a', { 'x.a': 1, y: 1 }), messageMetadata('a', { 'x.b': 2 }, ['y'])];
    expect(given(received('a', 10), ...writes).message('a').metadata).toEqual({ x: { a: 1, b: 2 } });
  });

  it('refuses a value that is no JSON', () => {
    const broken = metadata({}, [], { set: { a: 'no JSON' } });
    expect(() => given(broken)).toThrow(expect.objectContaining({ code: 'BAD_METADATA' }));
  });

  it('refuses what is too deep, whoever wrote it', () => {
    const deep = metadata({ [Array.from({ length: 40 }, () => 'a').join('.')]: 1 });
    expect(() => given(deep)).toThrow(expect.objectContaining({ code: 'METADATA_TOO_DEEP' }));
  });

  it('pollutes nothing', () => {
    const { view } = given(
      received('a', 10),
      metadata({ '__proto__.polluted': 1, 'constructor.prototype.polluted': 1, 'x.__proto__': 'y' }),
      metadata({ 'x.__proto__.polluted': 1 }),
    );
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(JSON.parse(JSON.stringify(view.metadata))).toMatchObject({
      constructor: { prototype: { polluted: 1 } },
      x: JSON.parse('{"__proto__":{"polluted":1}}'),
    });
  });
});
