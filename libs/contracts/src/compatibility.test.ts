import { incompatibilities, isSameSchema } from './compatibility';

const record = (...fields: object[]) => ({ type: 'record', name: 'Person', namespace: 'test', fields });
const name = { name: 'name', type: 'string' };

it.each([
  ['the same', record(name)],
  ['a field with a default', record(name, { name: 'age', type: ['null', 'int'], default: null })],
  ['other words in a doc', record({ ...name, doc: 'given and family name' })],
])('finds nothing wrong with %s', (_what, newer) => {
  expect(incompatibilities(newer, record(name))).toEqual([]);
  expect(incompatibilities(record(name), newer)).toEqual([]);
});

it.each([
  ['a new field without a default', record(name, { name: 'age', type: 'int' }), /does not read old data.*age/],
  ['a field less that had no default', record(), /old schema does not read new data.*name/],
  ['another type', record({ name: 'name', type: 'int' }), /new schema.*\n?.*old schema/s],
  ['one more branch of a union', record({ name: 'name', type: ['string', 'int'] }), /old schema/],
  ['another name', { ...record(name), name: 'Human' }, /named test.Human, before it was test.Person/],
])('names %s', (_what, newer, fault) => {
  expect(incompatibilities(newer, record(name)).join('\n')).toMatch(fault);
});

it('names one more symbol of an enum, which old readers do not know', () => {
  const colour = (...symbols: string[]) => record({ name: 'colour', type: { type: 'enum', name: 'Colour', symbols } });
  expect(incompatibilities(colour('RED', 'BLUE'), colour('RED')).join()).toMatch(/old schema does not read new data/);
});

it('tells schemas that mean the same from those that are merely compatible', () => {
  const laidOut = { fields: [{ type: 'string', name: 'name' }], name: 'Person', namespace: 'test', type: 'record' };
  expect(isSameSchema(laidOut, record(name))).toBe(true);
  expect(isSameSchema(record({ ...name, doc: 'given and family name', personal: true }), record(name))).toBe(true);
  expect(isSameSchema(record({ ...name, default: '' }), record(name))).toBe(false);
  expect(isSameSchema(record({ ...name, aliases: ['called'] }), record(name))).toBe(false);
  expect(isSameSchema(record(name, { name: 'age', type: 'int', default: 0 }), record(name))).toBe(false);
  expect(isSameSchema({ type: 'nosuchtype' }, { type: 'nosuchtype' })).toBe(false);
});
