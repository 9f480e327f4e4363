import { canonical, canonicalConversation, toSnapshot } from '@parley/conversations';
import fc from 'fast-check';
import { received } from './events';
import { given } from './given';

describe('canonical', () => {
  it('is JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value))),
      ),
    );
  });

  it.each([
    [{ b: 1, a: { d: [], c: null } }, '{"a":{"c":null,"d":[]},"b":1}'],
    [{ a: undefined, b: 'é"' }, '{"b":"é\\""}'],
    [{ '': 1, '10': 2, '9': 3 }, '{"":1,"10":2,"9":3}'],
  ])('%j', (value, text) => {
    expect(canonical(value)).toBe(text);
  });

  it('takes all of a conversation but its place on a log', () => {
    const { state } = given(received('a', 10));
    expect(canonicalConversation({ ...state, position: 99 })).toBe(canonicalConversation(state));
    expect(canonicalConversation({ ...state, unreadCount: 9 })).not.toBe(canonicalConversation(state));
  });
});

describe('the snapshot', () => {
  it('is the view as a record', () => {
    const { view, state } = given(received('a', 10));
    const snapshot = toSnapshot(view, state.position);
    expect(snapshot).toMatchObject({ id: view.id, displayName: 'Sms dce0a', position: 0, version: 1, tagIds: [] });
    expect(JSON.parse(snapshot.metadata)).toEqual(view.metadata);
    expect(JSON.parse(snapshot.lastMessage ?? 'null')).toEqual(view.lastMessage);
  });
});
