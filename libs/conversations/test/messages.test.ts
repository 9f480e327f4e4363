import { channelId, echo, metadata, moved, read, received, submitted, tagged } from './events';
import { given } from './given';

describe('the first message', () => {
  it('makes the conversation visible and takes a number', () => {
    const { book, view } = given(received('a', 20));
    expect(view).toMatchObject({ number: 1, createdAt: 20, messageCount: 1, channelId, source: 'twilio.sms' });
    expect(book.numbers.get(1)).toBe(1);
  });

  it('need not be the contact’s', () => {
    expect(given(submitted('a', 20)).view).toMatchObject({ number: 1, unreadCount: 0, createdAt: 20 });
  });

  it('finds the facts that came before it', () => {
    const early = [tagged('t'), metadata({ 'contact.display_name': 'Rosa' }), read()];
    expect(given(...early)).toMatchObject({ visible: false, state: { number: 0, lastMessageId: null } });
    expect(given(...early, received('a', 20)).view).toMatchObject({
      displayName: 'Rosa',
      tagIds: ['t'],
      unreadCount: 1,
      number: 1,
    });
  });

  it('tells when the conversation began, though an older one may follow', () => {
    expect(given(received('a', 20), received('b', 10)).view.createdAt).toBe(20);
  });
});

describe('the time of a message', () => {
  const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
  it.each([
    [0, true],
    [latest, true],
    [-1, false],
    [latest + 1, false],
    [9e15, false],
  ])('may be shown: %d %s', (sentAt, isGood) => {
    for (const message of [received('a', sentAt), submitted('a', sentAt), echo('a', sentAt)]) {
      const applied = () => given(message).view.lastMessageAt;
      if (isGood) expect(applied()).toBe(sentAt);
      else expect(applied).toThrow(expect.objectContaining({ code: 'BAD_TIME' }));
    }
  });
});

describe('the last message', () => {
  it.each([
    ['a later one takes its place', [received('a', 10), received('b', 20)], 'b'],
    ['a late one does not move the clock back', [received('a', 20), received('b', 10)], 'a'],
    ['of two at one time it is the later in the log', [received('a', 20), echo('b', 20)], 'b'],
    ['whoever sent it', [received('a', 10), submitted('b', 20)], 'b'],
  ])('%s', (_rule, events, last) => {
    expect(given(...events).view.lastMessage.id).toBe(last);
  });

  it('decides the channel', () => {
    const other = { channelId: 'other', source: 'facebook' };
    expect(given(received('a', 20), received('b', 10, other)).view.channelId).toBe(channelId);
    expect(given(received('a', 20), received('b', 30, other)).view).toMatchObject(other);
  });
});

describe('unread', () => {
  it.each([
    ['counts each contact message', [received('a', 10), received('b', 20)], 2],
    ['does not count what others send', [received('a', 10), echo('b', 20), submitted('c', 30)], 1],
    ['is 0 after a read', [received('a', 10), received('b', 20), read()], 0],
    ['counts what arrives after the read though sent before it', [received('a', 20), read(), received('b', 10)], 1],
  ])('%s', (_rule, events, unreadCount) => {
    const { view } = given(...events);
    expect(view.unreadCount).toBe(unreadCount);
    expect(view.metadata.unread_count).toBe(unreadCount);
  });

  it('counts a redelivered message once, after a read too', () => {
    const a = received('a', 10);
    expect(given(a, a).view).toMatchObject({ unreadCount: 1, messageCount: 1 });
    expect(given(a, read(), a).view).toMatchObject({ unreadCount: 0, messageCount: 1 });
  });

  it('does not know one message by its other bytes', () => {
    const { view } = given(received('a', 10), received('a', 30, { content: '"changed"', eventId: 'other' }));
    expect(view).toMatchObject({ unreadCount: 1, lastMessageAt: 10 });
  });

  it('is told on the contact’s messages by user_read, the time they were sent', () => {
    const { message } = given(received('a', 10), echo('b', 20), read(), received('c', 5));
    expect(message('a').metadata).toEqual({ user_read: 10 });
    expect(message('b').metadata).toEqual({});
    expect(message('c').metadata).toEqual({});
  });
});

describe('the contact at the source', () => {
  it.each([
    ['is who wrote', [received('a', 10, { senderId: 'x' })], 'x'],
    ['is who is written to', [submitted('a', 10, { sourceContactId: 'y' })], 'y'],
    ['is what the event says, where it does', [received('a', 10, { senderId: 'x', sourceContactId: 'y' })], 'y'],
    ['stays when others write', [received('a', 10, { senderId: 'x' }), echo('b', 20)], 'x'],
    ['is unknown where only others wrote', [echo('a', 10)], null],
  ])('%s', (_rule, events, contact) => {
    expect(given(...events).view.sourceContactId).toBe(contact);
  });
});

describe('an event of another account', () => {
  it('is refused', () => {
    const stranger = moved(received('b', 20), { accountId: 2 });
    expect(() => given(received('a', 10), stranger)).toThrow(expect.objectContaining({ code: 'ACCOUNT_MISMATCH' }));
  });
});
