import {
  messageMetadata,
  metadata,
  read,
  received,
  refetch,
  stateRemoved,
  stateSet,
  submitted,
  tagged,
  untagged,
} from './events';
import { given } from './given';

const a = received('a', 10);

describe('tags', () => {
  it.each([
    ['are there once each, sorted', [tagged('y'), tagged('x'), tagged('y')], ['x', 'y']],
    ['go', [tagged('x'), tagged('y'), untagged('x')], ['y']],
    ['that are not there may go', [untagged('x')], []],
  ])('%s', (_rule, events, tagIds) => {
    const { view } = given(a, ...events);
    expect(view.tagIds).toEqual(tagIds);
    expect(view.metadata.tags).toEqual(tagIds.length ? Object.fromEntries(tagIds.map((id) => [id, ''])) : undefined);
  });

  it('are not taken off again by a repetition', () => {
    const off = untagged('x');
    expect(given(a, off, tagged('x'), off).view.tagIds).toEqual(['x']);
  });
});

describe('state', () => {
  it('shows while it is set', () => {
    expect(given(a).view.metadata).not.toHaveProperty('state');
    expect(given(a, stateSet('CLOSED')).view).toMatchObject({ state: 'CLOSED', metadata: { state: 'CLOSED' } });
    expect(given(a, stateSet('CLOSED'), stateRemoved()).view.metadata).not.toHaveProperty('state');
  });

  it('stays when the contact writes again', () => {
    expect(given(a, stateSet('CLOSED'), received('b', 20)).view.state).toBe('CLOSED');
  });

  it('hides, and ends, what a source wrote under its name', () => {
    const written = metadata({ state: 'theirs' });
    expect(given(a, written).view.metadata.state).toBe('theirs');
    expect(given(a, stateSet('OPEN'), written).view.metadata.state).toBe('OPEN');
    expect(given(a, written, stateRemoved()).view.metadata).not.toHaveProperty('state');
  });
});

describe('unread_count', () => {
  it('is nothing that metadata could change', () => {
    const { view } = given(a, metadata({ unread_count: 7 }), metadata({ 'unread_count.x': 7 }));
    expect(view).toMatchObject({ unreadCount: 1, metadata: { unread_count: 1 } });
  });
});

describe('the display name', () => {
  it.each([
    ['is made of source and id where nobody gave one', [], 'Sms dce0a'],
    ['is the contact’s', [metadata({ 'contact.display_name': 'Rosa' })], 'Rosa'],
    [
      'is the later one',
      [metadata({ 'contact.display_name': 'Rosa' }), metadata({ 'contact.display_name': 'Lin' })],
      'Lin',
    ],
    [
      'is the default again after ""',
      [metadata({ 'contact.display_name': 'Rosa' }), metadata({ 'contact.display_name': '' })],
      'Sms dce0a',
    ],
    [
      'is the default again once removed',
      [metadata({ 'contact.display_name': 'Rosa' }), metadata({}, ['contact'])],
      'Sms dce0a',
    ],
    ['may be a number', [metadata({ 'contact.display_name': 42 })], '42'],
    ['has room below a contact that is a text', [metadata({ contact: 'Rosa' })], 'Sms dce0a'],
    ['is no object', [metadata({ 'contact.display_name.first': 'Rosa' })], 'Sms dce0a'],
  ])('%s', (_rule, events, displayName) => {
    const { view } = given(a, ...events);
    expect(view.displayName).toBe(displayName);
    expect(view.metadata.contact).toMatchObject({ display_name: displayName });
  });

  it('begins with a capital, whatever the letter', () => {
    expect(given(received('a', 10, { source: 'ébay' })).view.displayName).toBe('Ébay dce0a');
  });
});

describe('the sender', () => {
  it('is the contact with the name that it was given, and no default one', () => {
    expect(given(a).message('a').sender).toEqual({ id: '+4915112345678', name: null, avatarUrl: null });
    const named = metadata({ 'contact.display_name': 'Rosa', 'contact.avatar_url': 'https://x.example/r.png' });
    expect(given(a, named).message('a').sender).toEqual({
      id: '+4915112345678',
      name: 'Rosa',
      avatarUrl: 'https://x.example/r.png',
    });
  });

  it('is who submitted it', () => {
    const named = metadata({ 'contact.avatar_url': 'https://x.example/r.png' });
    expect(given(submitted('b', 10), named).message('b').sender).toEqual({ id: 'user', name: 'Ada', avatarUrl: null });
  });
});

describe('refetching the contact', () => {
  it('takes the state of the last fetch away and nothing else', () => {
    const fetched = metadata({ 'contact.fetch_state': 'failed', 'contact.display_name': 'Rosa' });
    expect(given(a, fetched, refetch()).view.metadata.contact).toEqual({ display_name: 'Rosa' });
  });
});

describe('content', () => {
  it.each([
    ['JSON is given as it came', '{"a":[1,null]}', { a: [1, null] }],
    ['a text is that text', '"Body=Hi&From=%2B49"', 'Body=Hi&From=%2B49'],
    ['what is no JSON is a text', 'Body=Hi', 'Body=Hi'],
    ['keys are keys', '{"__proto__":{"polluted":1}}', JSON.parse('{"__proto__":{"polluted":1}}')],
  ])('%s', (_rule, content, shown) => {
    expect(given(received('a', 10, { content })).message('a').content).toEqual(shown);
  });

  it('has its urls replaced by data_<url> metadata, whatever is in them', () => {
    const url = 'https://cdn.example/a.b?x="1"';
    const content = JSON.stringify({ url, again: `see ${url}` });
    const kept = 'https://kept.example/$&"}';
    const moved = messageMetadata('a', { [`data_${url}`]: kept, data_: 'x', data_see: 1 });
    const { message } = given(received('a', 10, { content }), moved);
    expect(message('a').content).toEqual({ url: kept, again: `see ${kept}` });
  });
});

describe('the version', () => {
  it('counts the events that changed the conversation', () => {
    const once = tagged('x');
    expect(given(a, once, once, a, read()).state).toMatchObject({ version: 3, position: 4 });
  });
});
