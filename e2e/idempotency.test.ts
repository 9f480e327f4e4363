/** Idempotency-Key on every write: one effect, the same answer, whenever and however often it is sent again. */
import { type System, useSystem } from './harness';
import type { Answer, Client, JsonObject } from './support/client';
import { describeOnEachLog } from './support/each-log';
import type { Channel, Tag } from './support/shapes';
import {
  baseTime,
  type CustomSource,
  conversationInfo,
  eventuallyOne,
  givenSource,
  listMessages,
  unique,
} from './support/world';

const keyed = (client: Client, path: string, body: JsonObject, key: string): Promise<Answer> =>
  client.post(path, body, { headers: { 'idempotency-key': key } });

const told = (answer: Answer) => [answer.status, answer.text];

interface Write {
  readonly path: string;
  readonly status: number;
  /** The same path with this body is another command. */
  readonly other: JsonObject;
  readonly body: JsonObject;
  readonly client: Client;
  /** What callers can see of it; the same after one effect as after many answers. */
  seen(): Promise<unknown>;
  /** A later command that undoes the effect, so that a second effect of the first would show. */
  undo?(): Promise<unknown>;
}

const newTag = (system: System) =>
  system.api.expect<Tag>(201, '/tags.create', { name: unique('tag'), color: 'tag-red' });

async function conversationWrites(system: System): Promise<Write[]> {
  const source = await givenSource(system);
  const write = async (
    path: string,
    status: number,
    fields: JsonObject,
    other: JsonObject,
    undo?: [path: string, fields: JsonObject],
  ): Promise<Write> => {
    const id = await source.conversation();
    return {
      path,
      status,
      body: { conversation_id: id, ...fields },
      other: { conversation_id: id, ...fields, ...other },
      client: system.api,
      seen: async () => (await conversationInfo(system.api, id)).metadata,
      ...(undo === undefined ? {} : { undo: () => system.api.post(undo[0], { conversation_id: id, ...undo[1] }) }),
    };
  };
  const [x, y] = [await newTag(system), await newTag(system)];
  const elsewhere = { conversation_id: await source.conversation() };
  return [
    await write('/conversations.tag', 204, { tag_id: x.id }, { tag_id: y.id }, [
      '/conversations.untag',
      { tag_id: x.id },
    ]),
    await write('/conversations.untag', 204, { tag_id: x.id }, { tag_id: y.id }, [
      '/conversations.tag',
      { tag_id: x.id },
    ]),
    await write('/conversations.set-state', 204, { state: 'OPEN' }, { state: 'CLOSED' }, [
      '/conversations.remove-state',
      {},
    ]),
    await write('/conversations.remove-state', 204, {}, elsewhere, ['/conversations.set-state', { state: 'CLOSED' }]),
    await write('/conversations.update-contact', 204, { display_name: 'Ada' }, { display_name: 'Eve' }, [
      '/conversations.update-contact',
      { display_name: 'Grace' },
    ]),
    await write('/conversations.refetch', 202, {}, elsewhere),
    await write('/metadata.set', 200, { key: 'a', value: '1' }, { value: '2' }, [
      '/metadata.set',
      { key: 'a', value: '3' },
    ]),
    await write('/metadata.remove', 200, { key: 'a' }, { key: 'b' }, ['/metadata.set', { key: 'a', value: '3' }]),
  ];
}

async function otherWrites(system: System): Promise<Write[]> {
  const { api } = system;
  const [tag, doomed] = [await newTag(system), await newTag(system)];
  const source: CustomSource = await givenSource(system);
  const conversation = await source.conversation();
  const list = (path: string) => async () => (await api.post(path)).text;
  const update = { subject: 'conversation', id: conversation };
  const asSource = api.withToken(source.token);
  const [one, two] = [unique('name'), unique('name')];
  const number = `+49${String(Date.now()).slice(-9)}`;
  return [
    {
      path: '/tags.create',
      status: 201,
      body: { name: one, color: 'tag-red' },
      other: { name: two, color: 'tag-red' },
      client: api,
      seen: list('/tags.list'),
    },
    {
      path: '/tags.update',
      status: 204,
      body: { id: tag.id, name: one },
      other: { id: tag.id, name: two },
      client: api,
      seen: list('/tags.list'),
      undo: () => api.post('/tags.update', { id: tag.id, name: 'undone' }),
    },
    {
      path: '/tags.delete',
      status: 204,
      body: { id: doomed.id },
      other: { id: tag.id },
      client: api,
      seen: list('/tags.list'),
    },
    {
      path: '/metadata.upsert',
      status: 204,
      body: { ...update, data: { a: 1 } },
      other: { ...update, data: { a: 2 } },
      client: api,
      seen: async () => (await conversationInfo(api, conversation)).metadata,
      undo: () => api.post('/metadata.upsert', { ...update, data: { a: 3 } }),
    },
    {
      path: '/channels.update',
      status: 200,
      body: { channel_id: source.channel.id, name: one },
      other: { channel_id: source.channel.id, name: two },
      client: api,
      seen: list('/channels.list'),
      undo: () => api.post('/channels.update', { channel_id: source.channel.id, name: 'undone' }),
    },
    {
      path: '/channels.chatplugin.connect',
      status: 200,
      body: { name: one },
      other: { name: two },
      client: api,
      seen: list('/channels.list'),
    },
    {
      path: '/channels.twilio.sms.connect',
      status: 200,
      body: { phone_number: number, name: one },
      other: { phone_number: `${number}1`, name: two },
      client: api,
      seen: list('/channels.list'),
    },
    {
      path: '/sources.create',
      status: 200,
      body: { source_id: one },
      other: { source_id: two },
      client: api,
      seen: list('/sources.list'),
    },
    {
      path: '/sources.update',
      status: 200,
      body: { source_id: source.id, name: one },
      other: { source_id: source.id, name: two },
      client: api,
      seen: list('/sources.list'),
      undo: () => api.post('/sources.update', { source_id: source.id, name: 'undone' }),
    },
    {
      path: '/sources.channels.create',
      status: 201,
      body: { name: one, source_channel_id: one },
      other: { name: two, source_channel_id: one },
      client: asSource,
      seen: list('/channels.list'),
      undo: () => asSource.post('/sources.channels.create', { name: 'undone', source_channel_id: one }),
    },
  ];
}

describeOnEachLog('Idempotency-Key', (log) => {
  const { it } = useSystem(log);

  // Design, Ids are derived: a command's Idempotency-Key, where the caller sends one.
  const check = async (write: Write) => {
    const key = unique('key-');
    const first = await keyed(write.client, write.path, write.body, key);
    expect([write.path, first.status, first.text]).toEqual([write.path, write.status, first.text]);
    const after = await write.seen();
    const again = await Promise.all(Array.from({ length: 6 }, () => keyed(write.client, write.path, write.body, key)));
    for (const answer of again) expect([write.path, ...told(answer)]).toEqual([write.path, ...told(first)]);
    expect([write.path, await write.seen()]).toEqual([write.path, after]);
    if (write.undo !== undefined) {
      await write.undo();
      const undone = await write.seen();
      expect(told(await keyed(write.client, write.path, write.body, key))).toEqual(told(first));
      expect([write.path, await write.seen()]).toEqual([write.path, undone]);
    }
    const before = await write.seen();
    const mismatch = await keyed(write.client, write.path, write.other, key);
    expect([write.path, mismatch.status]).toEqual([write.path, 422]);
    expect(mismatch.json()).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', message: expect.any(String) });
    expect(await write.seen()).toEqual(before);
  };

  it('changes of conversations take effect once', async (system) => {
    for (const write of await conversationWrites(system)) await check(write);
  });

  it('changes of everything else take effect once', async (system) => {
    for (const write of await otherWrites(system)) await check(write);
  });

  it('a read is not repeated over messages that came since', async (system) => {
    const source = await givenSource(system);
    const name = unique('c');
    const id = (await source.tell([source.message(name)])).get(name) ?? '';
    const body = { conversation_id: id };
    expect((await keyed(system.api, '/conversations.mark-read', body, `read-${id}`)).status).toBe(204);
    await source.tell([source.message(name, { sent_at: baseTime + 1 })]);
    expect((await keyed(system.api, '/conversations.mark-read', body, `read-${id}`)).status).toBe(204);
    expect((await conversationInfo(system.api, id)).metadata.unread_count).toBe(1);
  });

  it('sent at once for the first time, it takes effect once', async (system) => {
    const body = { name: unique('tag'), color: 'tag-blue' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => keyed(system.api, '/tags.create', body, body.name)),
    );
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
    const { data } = await system.api.expect<{ data: Tag[] }>(200, '/tags.list');
    expect(data.filter((tag) => tag.name === body.name)).toHaveLength(1);
    const source = { source_id: unique('shop') };
    const created = await Promise.all(
      Array.from({ length: 8 }, () => keyed(system.api, '/sources.create', source, source.source_id)),
    );
    expect(new Set(created.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
    expect(created[0]?.status).toBe(200);
  });

  it('two callers may use the same key, and so may two paths', async (system) => {
    const [one, two] = [await givenSource(system), await givenSource(system)];
    const body = { name: 'Counter', source_channel_id: 'counter' };
    const channels = await Promise.all(
      [one, two].map(async (source) => {
        const answer = await keyed(system.api.withToken(source.token), '/sources.channels.create', body, 'same-key');
        expect(answer.status).toBe(201);
        return answer.json<Channel>();
      }),
    );
    expect(channels.map((channel) => channel.source)).toEqual([one.id, two.id]);
    const id = await one.conversation();
    expect(
      (await keyed(system.api, '/conversations.set-state', { conversation_id: id, state: 'OPEN' }, 'same-key')).status,
    ).toBe(204);
    expect((await keyed(system.api, '/conversations.mark-read', { conversation_id: id }, 'same-key')).status).toBe(204);
    expect((await conversationInfo(system.api, id)).metadata).toMatchObject({ state: 'OPEN', unread_count: 0 });
  });

  it('a refused command leaves the key free for a better one', async (system) => {
    const key = unique('key-');
    expect((await keyed(system.api, '/tags.create', { name: 'x', color: 'pink' }, key)).status).toBe(400);
    expect((await keyed(system.api, '/tags.create', { name: key, color: 'tag-red' }, key)).status).toBe(201);
  });

  it('a key is at most 255 characters', async (system) => {
    const body = { name: unique('tag'), color: 'tag-red' };
    expect((await keyed(system.api, '/tags.create', body, 'k'.repeat(256))).status).toBe(400);
    expect((await keyed(system.api, '/tags.create', body, 'k'.repeat(255))).status).toBe(201);
  });

  it("a visitor's message is sent once", async (system) => {
    const channel = await system.api.expect<Channel>(200, '/channels.chatplugin.connect', { name: unique('site') });
    const { token } = await system.ingest.expect<{ token: string }>(200, '/chatplugin.authenticate', {
      channel_id: channel.id,
    });
    const visitor = system.ingest.withToken(token);
    const body = { message: { text: 'once' } };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => keyed(visitor, '/chatplugin.send', body, 'hello')),
    );
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.json<{ id: string }>().id}`)).size).toBe(1);
    await visitor.expect(200, '/chatplugin.send', { message: { text: 'second' } });
    const conversation = await eventuallyOne(system.api, `channel_id:${channel.id}`, 2);
    expect(await listMessages(system.api, conversation)).toHaveLength(2);
  });

  it('answers are remembered over a restart', async (system) => {
    const key = unique('key-');
    const body = { name: key, color: 'tag-green' };
    const first = await keyed(system.api, '/tags.create', body, key);
    const conversation = await (await givenSource(system)).conversation();
    const open = { conversation_id: conversation, state: 'OPEN' };
    expect((await keyed(system.api, '/conversations.set-state', open, key)).status).toBe(204);
    await system.api.expect(204, '/conversations.set-state', { ...open, state: 'CLOSED' });
    await system.stop();
    await system.start();
    expect(told(await keyed(system.api, '/tags.create', body, key))).toEqual(told(first));
    expect((await keyed(system.api, '/conversations.set-state', open, key)).status).toBe(204);
    expect((await conversationInfo(system.api, conversation)).metadata.state).toBe('CLOSED');
    expect((await keyed(system.api, '/tags.create', { ...body, color: 'tag-red' }, key)).status).toBe(422);
  }, 120_000);
});
