import { parseSourceWebhook } from './request';

const message = {
  source_message_id: 'm-1',
  source_conversation_id: 'c-7',
  source_channel_id: 'shop',
  source_sender_id: 'buyer-7',
  content: { text: 'Is it in stock?' },
  from_contact: true,
  sent_at: 1714550400000,
};
const parse = (body: unknown) =>
  parseSourceWebhook(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const blamed = (body: unknown) => {
  const parsed = parse(body);
  return parsed.ok ? [] : parsed.faults.map((fault) => fault.field);
};
const metadata = { namespace: 'conversation', source_id: 'c-7', metadata: { contact: { display_name: 'Lin' } } };

describe('sources.webhook', () => {
  it('reads messages and metadata', () => {
    expect(parse({ messages: [message], metadata: [metadata] })).toEqual({
      ok: true,
      request: {
        messages: [
          {
            sourceMessageId: 'm-1',
            sourceConversationId: 'c-7',
            sourceChannelId: 'shop',
            sourceSenderId: 'buyer-7',
            content: { text: 'Is it in stock?' },
            fromContact: true,
            sentAt: 1714550400000,
          },
        ],
        metadata: [{ namespace: 'conversation', sourceId: 'c-7', set: { 'contact.display_name': '"Lin"' } }],
      },
    });
  });

  it.each([{}, { messages: [], metadata: [] }, { messages: null, metadata: null }])('may be empty: %j', (body) => {
    expect(parse(body)).toEqual({ ok: true, request: { messages: [], metadata: [] } });
  });

  it.each([
    ['2024-05-01T08:00:00Z', 1714550400000],
    ['2024-05-01T10:00:00.123456+02:00', 1714550400123],
    ['2024-05-01T08:00:00,5Z', 1714550400500],
    ['2024-05-01T06:30-0130', 1714550400000],
    [0, 0],
    [253402300799999, 253402300799999],
    ['9999-12-31T23:59:59.999Z', 253402300799999],
  ])('sent_at %j', (sent_at, sentAt) => {
    const parsed = parse({ messages: [{ ...message, sent_at }] });
    expect(parsed.ok && parsed.request.messages[0]?.sentAt).toBe(sentAt);
  });

  it.each([
    '2024-05-01T08:00:00',
    '2024-05-01',
    '2024-02-30T08:00:00Z',
    '2024-13-01T08:00:00Z',
    '1714550400000',
    1.5,
    -1,
    1e300,
    253402300800000,
    '9999-12-31T23:59:59-01:00',
    '1969-12-31T23:59:59Z',
    true,
    null,
    {},
  ])('refuses sent_at %j', (sent_at) => {
    expect(blamed({ messages: [message, { ...message, sent_at }] })).toEqual(['messages.1.sent_at']);
  });

  it('from_contact is true where it is absent', () => {
    const { from_contact: _, ...rest } = message;
    const parsed = parse({ messages: [rest] });
    expect(parsed.ok && parsed.request.messages[0]?.fromContact).toBe(true);
  });

  it.each([
    'source_message_id',
    'source_conversation_id',
    'source_channel_id',
    'source_sender_id',
    'content',
    'sent_at',
  ])('requires %s', (field) => {
    expect(blamed({ messages: [{ ...message, [field]: undefined }] })).toEqual([`messages.0.${field}`]);
    expect(blamed({ messages: [{ ...message, [field]: null }] })).toEqual([`messages.0.${field}`]);
  });

  it.each([
    ['an id that is a number', { messages: [{ ...message, source_sender_id: 7 }] }, 'messages.0.source_sender_id'],
    ['from_contact as text', { messages: [{ ...message, from_contact: 'true' }] }, 'messages.0.from_contact'],
    ['messages that are no list', { messages: {} }, 'messages'],
    ['a message that is no object', { messages: ['x'] }, 'messages.0'],
    ['another namespace', { metadata: [{ ...metadata, namespace: 'channel' }] }, 'metadata.0.namespace'],
    ['metadata that is a list', { metadata: [{ ...metadata, metadata: [] }] }, 'metadata.0.metadata'],
    ['no source_id', { metadata: [{ ...metadata, source_id: undefined }] }, 'metadata.0.source_id'],
    ['a list as body', [], 'body'],
    ['no JSON', '{', 'body'],
    ['more than fit', { messages: Array(1001).fill(message) }, 'messages'],
  ])('refuses %s', (_, body, field) => {
    expect(blamed(body)).toEqual([field]);
  });

  it('refuses nesting that nobody could print', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(blamed(JSON.stringify({ messages: [message] }).replace('{"text":"Is it in stock?"}', deep))).toEqual([
      'messages.0.content',
    ]);
    expect(
      blamed(
        `{"metadata":[{"namespace":"message","source_id":"m","metadata":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}]}`,
      ),
    ).toEqual(['metadata.0.metadata']);
  });

  it('refuses content that is printed longer than an event may be', () => {
    const numbers = (count: number) => `[${Array(count).fill('1e20').join()}]`;
    const withContent = (content: string) =>
      `{"messages":[${JSON.stringify(message).replace('{"text":"Is it in stock?"}', content)}]}`;
    expect(blamed(withContent(numbers(900_000)))).toEqual(['messages.0.content']);
    expect(blamed(withContent(numbers(190_000)))).toEqual([]);
    const quoted = (length: number) => JSON.stringify({ text: 'x'.repeat(length - '{"text":""}'.length) });
    expect(blamed(withContent(quoted(4 * 1024 * 1024)))).toEqual([]);
    expect(blamed(withContent(quoted(4 * 1024 * 1024 + 1)))).toEqual(['messages.0.content']);
  });

  it('refuses metadata that its repeated keys make too large', () => {
    const leaves = (count: number, key: string) => ({
      ...metadata,
      metadata: { [key]: Object.fromEntries(Array.from({ length: count }, (_, i) => [i, true])) },
    });
    const small = leaves(9, 'x');
    expect(blamed({ metadata: [small, leaves(9_000, 'x'.repeat(1_000))] })).toEqual(['metadata.1.metadata']);
    expect(blamed({ metadata: [leaves(10, 'ü'.repeat(49_997))] })).toEqual([]);
    expect(blamed({ metadata: [leaves(10, 'ü'.repeat(49_998))] })).toEqual(['metadata.0.metadata']);
    const almost = leaves(90, 'x'.repeat(10_000));
    expect(blamed({ metadata: [...Array(17).fill(almost), small] })).toEqual([]);
    expect(blamed({ metadata: [...Array(18).fill(almost), small] })).toEqual([
      'metadata.17.metadata',
      'metadata.18.metadata',
    ]);
  });

  it('carries a thousand messages and large contents', () => {
    const parsed = parse({
      messages: Array.from({ length: 1000 }, (_, i) => ({ ...message, source_message_id: `m-${i}` })),
    });
    expect(parsed.ok && parsed.request.messages.length).toBe(1000);
    expect(
      parse({ messages: [{ ...message, content: 'x'.repeat(200_000), source_message_id: 'ü'.repeat(600) }] }).ok,
    ).toBe(true);
  });
});
