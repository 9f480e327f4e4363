import fc from 'fast-check';
import { v5 } from 'uuid';
import { ids, isUuid } from '../src';
import { uuidV5 } from '../src/ids';

const NAMESPACE = '8a6e0804-2bd0-5672-b79d-d97027f9071a';

describe('derived ids', () => {
  it('are uuids of version 5, as another implementation makes them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (name) => uuidV5(name) === v5(name, NAMESPACE)),
    );
  });

  it('are the same for the same thing and others for anything else', () => {
    const made = [
      ids.channel(1, 'shop', 'orders'),
      ids.channel(2, 'shop', 'orders'),
      ids.channel(1, 'shopo', 'rders'),
      ids.conversationOfContact('ch', '7001'),
      ids.conversationOfSource(1, 'shop', '7001'),
      ids.messageOfChannel('ch', '7001'),
      ids.messageOfSource(1, 'shop', '7001'),
      ids.event('cause', 'Name'),
      ids.event('cause', 'Name', 1),
    ];
    expect(new Set(made).size).toBe(made.length);
    expect(made.every(isUuid)).toBe(true);
    expect(ids.channel(1, 'shop', 'orders')).toBe(made[0]);
  });

  it('do not change from one release to the next', () => {
    expect(ids.channel(1, 'shop', 'orders')).toBe('a1f1b31d-cb60-554d-adfe-2b19def1ee01');
    expect(ids.messageOfSource(1, 'shop', 'm-1')).toBe('ef14e038-10ec-573d-9c93-9debfff82d13');
  });
});
