import {
  conversationId,
  delivery,
  echo,
  messageMetadata,
  moved,
  received,
  submitted,
  taken,
  watermark,
} from './events';
import { given } from './given';

describe('the delivery ladder', () => {
  it.each([
    ['a submitted message is pending', [], 'pending'],
    ['it climbs', ['sent', 'delivered', 'read'], 'read'],
    ['it never goes down', ['read', 'delivered', 'sent'], 'read'],
    ['failed is final', ['failed', 'delivered', 'read'], 'failed'],
    ['a provider may fail what it took', ['delivered', 'failed'], 'failed'],
    ['what was read did not fail', ['read', 'failed'], 'read'],
  ])('%s', (_rule, reports, state) => {
    const { message } = given(submitted('a', 10), ...reports.map((report) => delivery('a', report)));
    expect(message('a').deliveryState).toBe(state);
  });

  it('begins at delivered for what came from a source', () => {
    const { message } = given(received('a', 10), echo('b', 20));
    expect(message('a').deliveryState).toBe('delivered');
    expect(message('b').deliveryState).toBe('delivered');
  });

  it('knows no other states', () => {
    expect(() => given(submitted('a', 10), delivery('a', 'lost'))).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_DELIVERY_STATE' }),
    );
  });

  it('keeps the reason of a failure, and the provider’s id', () => {
    const failed = delivery('a', 'failed', { error: 'no such number', sourceMessageId: 'wamid.1' });
    const { message } = given(submitted('a', 10), failed);
    expect(message('a')).toMatchObject({
      sourceMessageId: 'wamid.1',
      metadata: { error: 'no such number', source: { id: 'wamid.1' } },
    });
  });

  it('has no reason to show where nothing failed', () => {
    const { message } = given(submitted('a', 10), delivery('a', 'read'), delivery('a', 'failed', { error: 'late' }));
    expect(message('a').metadata).toEqual({});
  });
});

describe('a message submitted again', () => {
  it('is the same message', () => {
    const a = submitted('a', 10);
    const { view, message } = given(a, delivery('a', 'failed'), a);
    expect(view.messageCount).toBe(1);
    expect(message('a').deliveryState).toBe('failed');
  });
});

describe('a watermark', () => {
  it.each([
    ['covers what was sent up to it', [submitted('a', 10), taken('a', 'k'), watermark('delivered', 10)], 'delivered'],
    ['leaves what was sent later', [submitted('a', 11), taken('a', 'k'), watermark('delivered', 10)], 'sent'],
    ['says nothing about what no provider has yet', [submitted('a', 10), watermark('read', 10)], 'pending'],
    ['covers that once a provider took it', [submitted('a', 10), watermark('read', 10), taken('a', 'k')], 'read'],
    ['covers what is applied after it', [watermark('read', 10), echo('a', 10)], 'read'],
    ['never goes back', [echo('a', 10), watermark('read', 10), watermark('read', 5)], 'read'],
    ['of delivery takes nothing from read', [echo('a', 10), watermark('read', 10), watermark('delivered', 20)], 'read'],
    ['revives no failed message', [submitted('a', 10), delivery('a', 'failed'), watermark('read', 20)], 'failed'],
    [
      'of read is not taken back by a failure',
      [submitted('a', 10), taken('a', 'k'), watermark('read', 20), delivery('a', 'failed')],
      'read',
    ],
    ['says nothing about the contact’s messages', [received('a', 10), watermark('read', 20)], 'delivered'],
    [
      'keeps no failure of what was pending quiet',
      [submitted('a', 10), watermark('read', 20), delivery('a', 'failed')],
      'failed',
    ],
    ['below delivered says nothing', [submitted('a', 10), watermark('sent', 20)], 'pending'],
  ])('%s', (_rule, events, state) => {
    expect(given(...events).message('a').deliveryState).toBe(state);
  });
});

describe('an echo of a message sent from here', () => {
  it('is no message of its own, and tells that the provider has it', () => {
    const { listed, message } = given(submitted('a', 10), taken('a', 'k'), echo('k', 12));
    expect(listed).toEqual(['a']);
    expect(message('a')).toMatchObject({ deliveryState: 'delivered', sourceMessageId: 'provider:k', sentAt: 10 });
  });

  it('does not revive a failed message', () => {
    const { message } = given(submitted('a', 10), taken('a', 'k', 'failed'), echo('k', 12));
    expect(message('a').deliveryState).toBe('failed');
  });

  it('that came first is merged, with what was told about it', () => {
    const { listed, view, message, book } = given(
      received('before', 5),
      submitted('a', 10),
      echo('k', 12),
      messageMetadata('k', { 'reaction.emoji': '❤️' }),
      delivery('k', 'read'),
      taken('a', 'k'),
    );
    expect(listed).toEqual(['a', 'before']);
    expect(view).toMatchObject({ messageCount: 2, unreadCount: 1, lastMessageAt: 10, lastMessage: { id: 'a' } });
    expect(message('a')).toMatchObject({
      deliveryState: 'read',
      metadata: { reaction: { emoji: '❤️' }, source: { id: 'provider:k' } },
    });
    expect(book.message('k')).toEqual({ kind: 'alias', id: 'k', conversationId, of: 'a' });
  });

  it('that came before everything is merged, and what it opened stays', () => {
    const { listed, view } = given(echo('k', 12), submitted('a', 10), taken('a', 'k'));
    expect(listed).toEqual(['a']);
    expect(view).toMatchObject({ number: 1, createdAt: 12, lastMessageAt: 10, messageCount: 1 });
  });

  it('is merged also where it was not the last message', () => {
    const { listed, view } = given(submitted('a', 10), echo('k', 12), received('c', 20), taken('a', 'k'));
    expect(listed).toEqual(['c', 'a']);
    expect(view).toMatchObject({ messageCount: 2, lastMessage: { id: 'c' } });
  });

  it('is merged when the provider’s answer came before the message', () => {
    const { listed, view, message } = given(taken('a', 'k'), echo('k', 12), submitted('a', 10));
    expect(listed).toEqual(['a']);
    expect(view).toMatchObject({ messageCount: 1, lastMessage: { id: 'a' }, lastMessageAt: 10 });
    expect(message('a')).toMatchObject({ deliveryState: 'delivered', sourceMessageId: 'provider:k' });
  });

  it('again, at any time, changes nothing', () => {
    const e = echo('k', 12);
    const { listed, view } = given(submitted('a', 10), e, taken('a', 'k'), e, e);
    expect(listed).toEqual(['a']);
    expect(view.version).toBe(3);
  });

  it('gives the message to facts that know the provider’s id alone', () => {
    const { message } = given(
      submitted('a', 10),
      taken('a', 'k'),
      delivery('k', 'read'),
      messageMetadata('k', { x: 1 }),
    );
    expect(message('a')).toMatchObject({ deliveryState: 'read', metadata: { x: 1 } });
  });

  it('finds the facts that came under the provider’s id before', () => {
    const { message } = given(
      submitted('a', 10),
      messageMetadata('k', { x: 1 }),
      delivery('k', 'read'),
      taken('a', 'k'),
    );
    expect(message('a')).toMatchObject({ deliveryState: 'read', metadata: { x: 1 } });
  });

  it.each([
    ['the contact’s own message', received('k', 5)],
    ['another conversation’s message', moved(echo('k', 5), { conversationId: 'other' })],
  ])('is never %s', (_what, event) => {
    const { book, view } = given(event, submitted('a', 10), taken('a', 'k'));
    expect(book.message('k')).toMatchObject({ kind: 'message' });
    expect(view.lastMessage.id).toBe('a');
  });

  it('stands for the message that it was first said to be', () => {
    const { book } = given(submitted('a', 10), submitted('b', 11), taken('a', 'k'), taken('b', 'k'));
    expect(book.message('k')).toMatchObject({ kind: 'alias', of: 'a' });
  });

  it('is found though its message was merged into another', () => {
    const events = [submitted('a', 10), submitted('b', 11), taken('a', 'k'), taken('b', 'a'), taken('a', 'b')];
    const { listed, message } = given(...events, delivery('k', 'read'));
    expect(listed).toEqual(['b']);
    expect(message('b').deliveryState).toBe('read');
  });
});

describe('facts about a message that is not there yet', () => {
  it('make nothing visible, and are there when it comes', () => {
    const early = [messageMetadata('a', { x: 1 }), delivery('a', 'read')];
    expect(given(...early).visible).toBe(false);
    expect(given(...early, echo('a', 10)).message('a')).toMatchObject({ deliveryState: 'read', metadata: { x: 1 } });
    expect(given(...early, received('a', 10)).message('a').metadata).toEqual({ x: 1 });
  });

  it('of another conversation are not that message’s', () => {
    const stray = moved(messageMetadata('a', { x: 1 }), { conversationId: 'other' });
    expect(given(stray, received('a', 10)).message('a').metadata).toEqual({});
    expect(given(received('a', 10), stray).message('a').metadata).toEqual({});
  });
});
