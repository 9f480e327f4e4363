import { System } from './system';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

describe('conversations.*', () => {
  let system: System;
  let channel: string;
  let people = 0;
  beforeAll(async () => {
    system = await System.start();
    channel = await system.channel('Conversations');
  });
  afterAll(() => system.stop());

  const info = async (id: string) => (await system.call('/conversations.info', { conversation_id: id })).json;
  const idsOf = async (filters: string) =>
    (await system.call('/conversations.list', { filters })).json.data.map((c: { id: string }) => c.id);
  const makeTag = async () => (await system.call('/tags.create', { name: 'VIP', color: 'tag-red' })).json.id;

  /** A new conversation with so many unread messages. */
  async function conversation(messages = 1): Promise<string> {
    const contact = `+49${people++}`;
    await system.say(
      channel,
      Array.from({ length: messages }, () => ({ conversation: contact })),
    );
    return system.conversationId(channel, contact);
  }

  it('shows a conversation with its channel and last message', async () => {
    await system.say(channel, [{ conversation: 'rosa', text: 'Is it in stock?', sentAt: 1_700_000_000_120 }]);
    const id = system.conversationId(channel, 'rosa');
    expect(await info(id)).toMatchObject({
      id,
      created_at: '2023-11-14T22:13:20.120Z',
      channel: { id: channel, source: 'twilio.sms', connected: true, metadata: { name: 'Conversations' } },
      metadata: { contact: { display_name: `Sms ${id.slice(-5)}` }, unread_count: 1 },
      last_message: {
        content: { text: 'Is it in stock?' },
        state: 'DELIVERED',
        delivery_state: 'DELIVERED',
        from_contact: true,
        sent_at: '2023-11-14T22:13:20.120Z',
        source: 'twilio.sms',
        sender: { id: 'rosa' },
      },
    });
    expect(await idsOf(`id:${id}`)).toEqual([id]);
  });

  it.each([
    ['/conversations.mark-read', {}],
    ['/conversations.markRead', {}],
    ['/conversations.read', {}],
    ['/conversations.set-state', { state: 'OPEN' }],
    ['/conversations.setState', { state: 'closed' }],
    ['/conversations.remove-state', {}],
    ['/conversations.removeState', {}],
    ['/conversations.update-contact', { display_name: 'Grace' }],
    ['/conversations.updateContact', { display_name: 'Grace' }],
  ])(
    '%s answers 204 with an empty body, for an id in capitals too, and 404 for an unknown one',
    async (path, fields) => {
      const id = await conversation();
      const answer = await system.call(path, { conversation_id: id.toUpperCase(), ...fields });
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(answer.headers.get('parley-position')).toMatch(/^[0-2]\/\d+$/);
      const unknown = await system.call(path, { conversation_id: UNKNOWN, ...fields });
      expect(unknown).toMatchObject({ status: 404, json: { code: 'NOT_FOUND', field: 'conversation_id' } });
    },
  );

  it('refetch answers 202 with an empty body, and 404 for an unknown id', async () => {
    const answer = await system.call('/conversations.refetch', { conversation_id: await conversation() });
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect((await system.call('/conversations.refetch', { conversation_id: UNKNOWN })).status).toBe(404);
  });

  it('shows each change to the very next read, in info and in filtered lists', async () => {
    const id = await conversation(2);
    const tag_id = await makeTag();
    const of = `id:${id}`;
    const change = (path: string, fields: object = {}) => system.call(path, { conversation_id: id, ...fields });

    expect(await idsOf(`${of} AND unread_count:2`)).toEqual([id]);
    await change('/conversations.mark-read');
    expect(await idsOf(`${of} AND unread_count:0`)).toEqual([id]);
    expect((await info(id)).metadata.unread_count).toBe(0);

    expect((await change('/conversations.tag', { tag_id })).status).toBe(204);
    expect(await idsOf(`${of} AND tag_ids:${tag_id}`)).toEqual([id]);
    expect((await info(id)).metadata.tags).toEqual({ [tag_id]: '' });
    expect((await change('/conversations.untag', { tag_id })).status).toBe(204);
    expect(await idsOf(`${of} AND tag_ids:${tag_id}`)).toEqual([]);
    expect((await info(id)).metadata).not.toHaveProperty('tags');

    await change('/conversations.set-state', { state: 'cLoSeD' });
    expect(await idsOf(`${of} AND metadata.state:CLOSED`)).toEqual([id]);
    expect((await info(id)).metadata.state).toBe('CLOSED');
    await change('/conversations.remove-state');
    expect(await idsOf(`${of} AND metadata.state:CLOSED`)).toEqual([]);
    expect((await info(id)).metadata).not.toHaveProperty('state');

    await change('/conversations.update-contact', { display_name: 'Ada Lovelace' });
    expect(await idsOf(`${of} AND display_name:*lace`)).toEqual([id]);
    expect((await info(id)).metadata.contact.display_name).toBe('Ada Lovelace');
  });

  it('shows changes to eight clients that write and read at once', async () => {
    const people = await Promise.all(Array.from({ length: 8 }, () => conversation(1)));
    const rounds = people.map(async (id) => {
      const seen: unknown[] = [];
      for (const name of ['one', 'two', 'three']) {
        await system.call('/conversations.update-contact', { conversation_id: id, display_name: name });
        seen.push(await idsOf(`id:${id} AND display_name:${name}`), (await info(id)).metadata.contact.display_name);
      }
      return seen;
    });
    const expected = people.map((id) => [[id], 'one', [id], 'two', [id], 'three']);
    expect(await Promise.all(rounds)).toEqual(expected);
  });

  it('takes tags that exist alone, and lets a deleted one be taken off', async () => {
    const id = await conversation();
    const unknown = { conversation_id: id, tag_id: UNKNOWN };
    expect(await system.call('/conversations.tag', unknown)).toMatchObject({ status: 404, json: { field: 'tag_id' } });
    expect((await system.call('/conversations.untag', unknown)).status).toBe(404);

    const tag_id = await makeTag();
    const tagged = { conversation_id: id, tag_id };
    expect((await system.call('/conversations.untag', tagged)).status).toBe(204);
    await system.call('/conversations.tag', tagged);
    await system.call('/tags.delete', { id: tag_id });
    expect((await info(id)).metadata.tags).toEqual({ [tag_id]: '' });
    expect((await system.call('/conversations.untag', tagged)).status).toBe(204);
    expect((await info(id)).metadata).not.toHaveProperty('tags');
  });

  it.each([
    ['/conversations.info', {}, 'conversation_id'],
    ['/conversations.info', { conversation_id: null }, 'conversation_id'],
    ['/conversations.info', { conversation_id: 7 }, 'conversation_id'],
    ['/conversations.info', { conversation_id: [UNKNOWN] }, 'conversation_id'],
    ['/conversations.info', { conversation_id: 'no-uuid' }, 'conversation_id'],
    ['/conversations.info', { conversation_id: `urn:uuid:${UNKNOWN}` }, 'conversation_id'],
    ['/conversations.tag', { conversation_id: UNKNOWN }, 'tag_id'],
    ['/conversations.set-state', { conversation_id: UNKNOWN, state: 'SNOOZED' }, 'state'],
    ['/conversations.set-state', { conversation_id: UNKNOWN, state: true }, 'state'],
    ['/conversations.update-contact', { conversation_id: UNKNOWN, display_name: 5 }, 'display_name'],
    ['/conversations.list', { page_size: '2' }, 'page_size'],
    ['/conversations.list', { page_size: 0 }, 'page_size'],
    ['/conversations.list', { page_size: 10_001 }, 'page_size'],
    ['/conversations.list', { filters: 5 }, 'filters'],
    ['/conversations.list', { filters: 'display_name:(' }, 'filters'],
    ['/conversations.list', { filters: 'unread_count:abc' }, 'filters'],
    ['/conversations.list', { cursor: true }, 'cursor'],
  ])('%s %j is refused, naming %s', async (path, body, field) => {
    const answer = await system.call(path, body);
    expect(answer).toMatchObject({
      status: 400,
      json: { field, message: expect.any(String), code: expect.any(String) },
    });
  });

  it('waits for the position that a read demands, and refuses what is none', async () => {
    const id = await conversation();
    const written = await system.call('/conversations.update-contact', { conversation_id: id, display_name: 'Lin' });
    const position = written.headers.get('parley-position') ?? '';
    const other = await system.another();
    const url = `http://127.0.0.1:${other.port}`;
    const headers = { 'parley-at-least': position };
    const read = await system.call('/conversations.info', { conversation_id: id }, { url, headers });
    expect(read.json.metadata.contact.display_name).toBe('Lin');
    await other.stop();
    for (const bad of ['', 'x', '1', '1/x', '-1/3', '99/0']) {
      const answer = await system.call('/conversations.list', {}, { headers: { 'parley-at-least': bad } });
      expect(answer).toMatchObject({ status: 400, json: { field: 'Parley-At-Least' } });
    }
  });

  it('lists messages newest first, by the id of the next page’s first', async () => {
    const contact = `pages-${people++}`;
    const sentAt = 1_690_000_000_000;
    await system.say(
      channel,
      [3, 1, 2, 2].map((second, at) => ({ conversation: contact, text: `${at}`, sentAt: sentAt + second })),
    );
    const conversation_id = system.conversationId(channel, contact);
    const list = (fields: object) => system.call('/messages.list', { conversation_id, ...fields });
    const first = (await list({ page_size: 3 })).json;
    expect(first.data.map((m: { content: { text: string } }) => m.content.text)).toEqual(['0', '3', '2']);
    expect(first.pagination_data).toMatchObject({ previous_cursor: null, total: 4 });
    const second = (await list({ page_size: 3, cursor: first.pagination_data.next_cursor.toUpperCase() })).json;
    expect(second.data.map((m: { content: { text: string } }) => m.content.text)).toEqual(['1']);
    expect(second.data[0].id).toBe(first.pagination_data.next_cursor);
    expect(second.pagination_data.next_cursor).toBeNull();
    expect((await list({ cursor: UNKNOWN })).status).toBe(400);
    expect((await list({ cursor: 1 })).json.field).toBe('cursor');
    expect((await system.call('/messages.list', { conversation_id: UNKNOWN })).status).toBe(404);
  });
});
