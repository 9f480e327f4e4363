import { ids } from '@parley/contracts';
import fc from 'fast-check';
import { blockKey, comparePlaces, idKey, placeKey, placeOf, prefixRange } from './keys';

const place = fc.record({ sentAt: fc.maxSafeInteger(), sequence: fc.integer({ min: 0, max: 2 ** 32 - 1 }) });

describe('keys of the store', () => {
  it('keep places exactly, in order', () => {
    const conversation = idKey(1, ids.ofCommand('test', 'a'));
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(placeOf(placeKey(conversation, a))).toEqual(a);
        const order = Buffer.compare(placeKey(conversation, a), placeKey(conversation, b));
        expect(order).toBe(Math.sign(comparePlaces(a, b)));
      }),
    );
  });

  it('hold a uuid in 16 bytes, and other texts apart from all uuids', () => {
    const id = ids.ofCommand('test', 'a');
    expect(idKey(258, id).toString('hex')).toBe(`0102${id.replaceAll('-', '')}`);
    for (const other of [id.toUpperCase(), `${id} `, id.replaceAll('-', '_'), '', 'no id']) {
      expect(idKey(258, other)).toHaveLength(34);
    }
  });

  it('order ids as their texts', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (a, b) => {
        expect(Buffer.compare(idKey(3, a), idKey(3, b))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it('take in a range what begins with the prefix, and nothing else', () => {
    const { start, end } = prefixRange(Buffer.of(1, 255));
    expect(end).toEqual(Buffer.of(2));
    expect(start).toEqual(Buffer.of(1, 255));
    expect(Buffer.compare(blockKey(0x1ff, 2 ** 47), end)).toBe(-1);
  });
});
