import { type ConversationState, conversationFields, findMessage, searchFields } from '@parley/conversations';
import type { Book } from './book';
import { channelId, conversationId, metadata, received, stateSet, submitted, tagged } from './events';
import { given } from './given';

function fieldsOf({ book, state }: { book: Book; state: ConversationState }) {
  const last = findMessage(book, state.lastMessageId ?? '');
  if (last?.kind !== 'message') throw new Error('not visible');
  return searchFields(state, last);
}

describe('search fields', () => {
  it('of a bare conversation are those that have a value', () => {
    expect(fieldsOf(given(submitted('a', 10, { text: null })))).toEqual({
      id: conversationId,
      conversation_number: 1,
      account_id: 1,
      channel_id: channelId,
      source: 'twilio.sms',
      display_name: 'Sms dce0a',
      created_at: 10,
      last_message_at: 10,
      unread_count: 0,
      message_count: 1,
      'last_message.from_contact': 'false',
      'metadata.contact.display_name': 'Sms dce0a',
      'metadata.unread_count': '0',
    });
  });

  it('hold the state, the tags, the contact and the last text', () => {
    const fields = fieldsOf(given(received('a', 10), tagged('t'), stateSet('OPEN')));
    expect(fields).toMatchObject({
      state: 'OPEN',
      tag_ids: ['t'],
      source_recipient_id: '+4915112345678',
      'last_message.text': 'Hi',
      'last_message.from_contact': 'true',
      'metadata.state': 'OPEN',
      'metadata.unread_count': '1',
    });
    expect(fields).not.toHaveProperty(['metadata.tags.t']);
  });

  it('hold each leaf of the metadata as text', () => {
    const written = { 'erp.id': 42, vip: true, none: null, empty: '', list: ['a', 1, null, { b: 2 }], 'no-list': [] };
    const fields = fieldsOf(given(received('a', 10), metadata(written)));
    expect(Object.fromEntries(Object.entries(fields).filter(([name]) => name.startsWith('metadata.')))).toEqual({
      'metadata.erp.id': '42',
      'metadata.vip': 'true',
      'metadata.list': ['a', '1', '{"b":2}'],
      'metadata.contact.display_name': 'Sms dce0a',
      'metadata.unread_count': '1',
    });
  });

  it('are all declared, with their kind', () => {
    const fields = fieldsOf(given(received('a', 10), tagged('t'), stateSet('OPEN')));
    for (const [name, value] of Object.entries(fields)) {
      if (name.startsWith('metadata.')) continue;
      const number = ['integer', 'date'].includes(conversationFields[name] ?? 'none');
      expect([name, typeof value === 'number']).toEqual([name, number]);
    }
    expect(Object.keys(conversationFields).filter((name) => !(name in fields))).toEqual([]);
  });
});
