import { ids } from '@parley/contracts';
import { CAUSE, channelOf, eventsIn, rawOf } from '../../test/fixtures';
import { mapFacebook } from './map';

const channel = channelOf('facebook', 'fb-page-1');
const conversationId = ids.conversationOfContact(channel.id, '7001');
const contact = { sender: { id: '7001' }, recipient: { id: 'fb-page-1' } };
const page = { sender: { id: 'fb-page-1' }, recipient: { id: '7001' } };

const map = (body: string | object) => mapFacebook(rawOf('facebook', body), { cause: CAUSE });
const request = (elements: readonly unknown[], more: object = {}) => ({
  object: 'page',
  entry: [{ id: 'fb-page-1', time: 1714550400123, messaging: elements, ...more }],
});
const eventsOf = (...elements: readonly unknown[]) => eventsIn(map(request(elements)), channel);
const messageId = (mid: string) => ids.messageOfChannel(channel.id, mid);

describe('facebook messages', () => {
  it('a text with an attachment is one message with the whole element as content', () => {
    const element = {
      ...contact,
      timestamp: 1714550400100,
      message: {
        mid: 'm_A1',
        text: 'Hello',
        attachments: [{ type: 'image', payload: { url: 'https://cdn.example.org/1.jpg' } }],
      },
    };
    const [event, ...rest] = eventsOf(element);
    expect(rest).toEqual([]);
    expect(event).toEqual({
      type: 'MessageReceived',
      value: {
        eventId: messageId('m_A1'),
        accountId: 1,
        conversationId,
        occurredAt: 1714550400100,
        actorKind: 'contact',
        actorId: '7001',
        cause: CAUSE,
        messageId: messageId('m_A1'),
        channelId: channel.id,
        source: 'facebook',
        sourceMessageId: 'm_A1',
        sourceConversationId: null,
        sourceContactId: '7001',
        fromContact: true,
        senderId: '7001',
        content: JSON.stringify(element),
        text: 'Hello',
        supported: true,
        sentAt: 1714550400100,
        headers: {},
      },
    });
  });

  it.each([
    ['our own app', { app_id: 263902037430900 }, '263902037430900'],
    ['the page inbox', {}, '7001'],
  ])('an echo of %s is a message of the contact’s conversation, not from the contact', (_, more, senderId) => {
    const [event] = eventsOf({
      ...page,
      timestamp: 1714550400200,
      message: { mid: 'm_A2', is_echo: true, text: 'Hi', ...more },
    });
    expect(event).toMatchObject({
      type: 'MessageReceived',
      value: { conversationId, messageId: messageId('m_A2'), fromContact: false, senderId, sourceContactId: '7001' },
    });
  });

  it('a postback carries its payload and referral in headers', () => {
    const referral = { ref: 'ad-9', source: 'SHORTLINK', type: 'OPEN_THREAD' };
    const [withAll] = eventsOf({
      ...contact,
      timestamp: 1714550400300,
      postback: { mid: 'm_A3', title: 'Start', payload: 'START', referral },
    });
    expect(withAll?.value).toMatchObject({
      messageId: messageId('m_A3'),
      text: 'Start',
      headers: { 'postback.payload': 'START', 'postback.referral': JSON.stringify(referral) },
    });
    const [bare] = eventsOf({ ...contact, timestamp: 1714550400300, postback: { title: 'Start' } });
    expect(bare?.value).toMatchObject({ sourceMessageId: null, headers: { 'postback.payload': '__empty__' } });
  });

  it('updates without an id are the same by the same bytes, others by another time', () => {
    const at = (timestamp: number) =>
      eventsOf({ ...contact, timestamp, postback: { title: 'Start' } })[0]?.value.eventId;
    expect(at(1714550400300)).toBe(at(1714550400300));
    expect(at(1714550400301)).not.toBe(at(1714550400300));
  });

  it('a message taken back is marked, and stands in for one that was never seen', () => {
    const events = eventsOf({ ...contact, timestamp: 1714550400100, message: { mid: 'm_A1', is_deleted: true } });
    expect(events.map((event) => event.type)).toEqual(['MessageReceived', 'MessageMetadataChanged']);
    expect(events[1]?.value).toMatchObject({ messageId: messageId('m_A1'), set: { 'source.deleted': 'true' } });
  });

  it('a message beside a conversation that another app answers is a message', () => {
    const items = map({
      object: 'page',
      entry: [
        { id: 'fb-page-1', time: 1, standby: [{ ...contact, timestamp: 5, message: { mid: 'm_S', text: 'Hm' } }] },
      ],
    });
    expect(eventsIn(items, channel)[0]?.value).toMatchObject({ messageId: messageId('m_S') });
  });

  it('instagram is told by the request, its channel by the entry', () => {
    const element = {
      sender: { id: '9' },
      recipient: { id: 'ig-1' },
      timestamp: 5,
      message: { mid: 'm', text: 'Yo', reply_to: { story: { url: 'https://x', id: 's' } } },
    };
    const items = map({ object: 'instagram', entry: [{ id: 'ig-1', time: 1, messaging: [element] }] });
    expect(items).toMatchObject([
      { kind: 'channel', channel: { by: 'source', source: 'instagram', sourceChannelId: 'ig-1', accountId: null } },
    ]);
  });
});

describe('facebook facts about messages', () => {
  const react = (reaction: object) => ({
    ...contact,
    timestamp: 1714550400400,
    reaction: { mid: 'm_A2', ...reaction },
  });

  it.each([
    ['as literal text', '\\u{2764}\\u{FE0F}'],
    ['as it is', '\u{2764}\u{FE0F}'],
  ])('a reaction %s', (_, emoji) => {
    const [event] = eventsOf(react({ action: 'react', reaction: 'love', emoji }));
    expect(event).toMatchObject({
      type: 'MessageMetadataChanged',
      value: {
        conversationId,
        messageId: messageId('m_A2'),
        set: { 'reaction.emoji': '"\u{2764}\u{FE0F}"', 'reaction.sent_at': '1714550400400' },
        removed: [],
      },
    });
  });

  it('a reaction taken back removes both keys', () => {
    const [event] = eventsOf(react({ action: 'unreact' }));
    expect(event?.value).toMatchObject({ set: {}, removed: ['reaction.emoji', 'reaction.sent_at'] });
  });

  it('redelivered, it is the same event', () => {
    const again = () => eventsOf(react({ action: 'react', emoji: '👍' }))[0]?.value.eventId;
    expect(again()).toBe(again());
    expect(again()).not.toBe(eventsOf(react({ action: 'unreact' }))[0]?.value.eventId);
  });

  it('read and delivery reach up to a time, and the messages that they name', () => {
    const events = eventsOf(
      { ...contact, timestamp: 1714550400500, read: { watermark: 1714550400200 } },
      { ...contact, timestamp: 1714550400600, delivery: { mids: ['m_A2'], watermark: 1714550400200 } },
    );
    expect(events).toMatchObject([
      { type: 'DeliveryWatermarkReached', value: { conversationId, state: 'read', watermark: 1714550400200 } },
      { type: 'MessageDeliveryChanged', value: { messageId: messageId('m_A2'), state: 'delivered' } },
      { type: 'DeliveryWatermarkReached', value: { conversationId, state: 'delivered', watermark: 1714550400200 } },
    ]);
  });
});

describe('facebook, the rest', () => {
  it('leaves aside what is known and no message', () => {
    const items = map(request([{ ...contact, timestamp: 1, optin: { ref: 'site', user_ref: 'u-1' } }]));
    expect(items).toMatchObject([{ kind: 'ignored', path: 'entry.0.messaging.0' }]);
  });

  it('shows an unknown kind as an unsupported message', () => {
    const [event] = eventsOf({ ...contact, timestamp: 1714550400700, hologram: { id: 1 } });
    expect(event?.value).toMatchObject({ supported: false, text: null, fromContact: true });
  });

  it.each([
    ['no JSON', 'object=page', '', 'BAD_BODY'],
    ['no entries', { object: 'page' }, 'entry', 'BAD_BODY'],
    ['an object nobody knows', { object: 'planet', entry: [{ id: '1', messaging: [] }] }, 'entry.0', 'UNKNOWN_KIND'],
    ['an update without a sender', request([{ message: { mid: 'x' } }]), 'entry.0.messaging.0', 'BAD_ITEM'],
    ['an unknown kind without a time', request([{ ...contact, hologram: 1 }]), 'entry.0.messaging.0', 'UNKNOWN_KIND'],
    [
      'a reaction to nothing',
      request([{ ...contact, timestamp: 1, reaction: { action: 'react' } }]),
      'entry.0.messaging.0',
      'BAD_ITEM',
    ],
  ])('%s is a fault', (_, body, path, reason) => {
    expect(map(body)).toMatchObject([{ kind: 'fault', path, reason }]);
  });

  it('a time after the year 9999 is none', () => {
    const at = (timestamp: number) => {
      const [event] = eventsOf({ ...contact, timestamp, message: { mid: 'm_T', text: 'x' } });
      return event?.type === 'MessageReceived' && event.value.sentAt;
    };
    expect(at(253402300799999)).toBe(253402300799999);
    expect(at(253402300800000)).toBe(at(0));
  });

  it('a bad update does not take its neighbours along', () => {
    const good = { ...contact, timestamp: 5, message: { mid: 'm_ok', text: 'ok' } };
    expect(map(request([null, good, { ...contact }])).map((item) => item.kind)).toEqual([
      'fault',
      'channel',
      'ignored',
    ]);
  });
});
