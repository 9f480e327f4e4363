import { System } from './system';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

describe('tags, channels, metadata', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
  });
  afterAll(() => system.stop());

  it('makes, changes, lists and deletes tags', async () => {
    const made = await system.call('/tags.create', { name: 'VIP', color: 'tag-purple' });
    expect(made).toMatchObject({ status: 201, json: { name: 'VIP', color: 'tag-purple' } });
    const { id } = made.json;
    const update = await system.call('/tags.update', { id, color: 'tag-green' });
    expect([update.status, update.text]).toEqual([204, '']);
    await system.call('/tags.update', { id, name: 'Vip' });
    const list = (await system.call('/tags.list')).json;
    expect(list.data).toEqual([{ id, name: 'Vip', color: 'tag-green' }]);
    expect(list.tags).toEqual(list.data);
    expect((await system.call('/tags.delete', { id })).status).toBe(204);
    expect((await system.call('/tags.delete', { id })).status).toBe(404);
    expect((await system.call('/tags.update', { id, name: 'x' })).status).toBe(404);
    expect((await system.call('/tags.list', {})).json.data).toEqual([]);
    expect(await system.call('/tags.create', { name: 'x', color: 'red' })).toMatchObject({
      status: 400,
      json: { field: 'color' },
    });
  });

  it('connects channels without provider calls, and disconnects them', async () => {
    const sms = await system.call('/channels.twilio.sms.connect', { phone_number: ' +49 8765 4321 ', name: 'Blue' });
    expect(sms).toMatchObject({
      status: 200,
      json: { source: 'twilio.sms', source_channel_id: '+4987654321', connected: true, metadata: { name: 'Blue' } },
    });
    const channel_id = sms.json.id;
    const again = await system.call('/channels.twilio.sms.connect', { phone_number: '+4987654321', name: 'Green' });
    expect(again.json).toMatchObject({ id: channel_id, metadata: { name: 'Green' } });
    const chat = (await system.call('/channels.chatplugin.connect', { name: 'Site', image_url: 'https://a.b/c' })).json;
    expect(chat.metadata).toMatchObject({ name: 'Site', image_url: 'https://a.b/c' });

    const listed = async (body?: object) =>
      (await system.call('/channels.list', body)).json.data.map((c: { id: string }) => c.id);
    expect(await listed()).toEqual([channel_id, chat.id].sort());
    expect(await listed({ source: 'chatplugin' })).toEqual([chat.id]);

    const disconnect = (source: string, id = channel_id) =>
      system.call(`/channels.${source}.disconnect`, { channel_id: id });
    expect((await disconnect('twilio.whatsapp')).status).toBe(403);
    expect((await disconnect('twilio.sms', UNKNOWN)).status).toBe(404);
    expect((await disconnect('twilio.sms')).status).toBe(204);
    expect((await disconnect('twilio.sms')).status).toBe(204);
    expect(await listed()).toEqual([chat.id]);
    expect((await system.call('/channels.info', { channel_id })).status).toBe(404);
    expect((await system.call('/channels.update', { channel_id, name: 'x' })).status).toBe(404);
  });

  it('updates a channel and keeps what it is not told of', async () => {
    const channel_id = await system.channel('Old');
    await system.call('/metadata.upsert', { subject: 'channel', id: channel_id, data: { team: 'north' } });
    const updated = await system.call('/channels.update', { channel_id, image_url: 'https://a.b/i.png' });
    const metadata = { name: 'Old', image_url: 'https://a.b/i.png', user_data: { team: 'north' } };
    expect(updated).toMatchObject({ status: 200, json: { id: channel_id, metadata } });
    expect((await system.call('/channels.info', { channel_id })).json.metadata).toEqual(metadata);
    expect((await system.call('/channels.info', { channel_id: UNKNOWN })).status).toBe(404);
  });

  it('keeps both of two changes of one channel at once', async () => {
    const channel_id = await system.channel('Busy');
    const keys = Array.from({ length: 10 }, (_, at) => `k${at}`);
    await Promise.all(
      keys.map((key) => system.call('/metadata.upsert', { subject: 'channel', id: channel_id, data: { [key]: key } })),
    );
    const { json } = await system.call('/channels.info', { channel_id });
    expect(json.metadata.user_data).toEqual(Object.fromEntries(keys.map((key) => [key, key])));
  });

  it('writes metadata under user_data, leaf by leaf, keeping types', async () => {
    const channel = await system.channel('Metadata');
    await system.say(channel, [{ conversation: 'm' }]);
    const id = system.conversationId(channel, 'm');
    const upsert = (data: unknown, subject = 'conversation', of = id) =>
      system.call('/metadata.upsert', { subject, id: of, data });
    const shown = async () => (await system.call('/conversations.info', { conversation_id: id })).json;

    const answer = await upsert({ crm: { id: '77', score: 4.5, vip: true, old: null, orders: ['a', 2] } });
    expect([answer.status, answer.text]).toEqual([204, '']);
    await upsert({ 'crm.id': '78', flat: 'x' });
    expect((await shown()).metadata.user_data).toEqual({
      crm: { id: '78', score: 4.5, vip: true, old: null, orders: ['a', 2] },
      flat: 'x',
    });
    await upsert({ crm: 'gone' });
    expect((await shown()).metadata.user_data).toEqual({ crm: 'gone', flat: 'x' });

    const messageId = (await shown()).last_message.id;
    expect((await upsert({ rating: 5 }, 'message', messageId)).status).toBe(204);
    expect((await shown()).last_message.metadata.user_data).toEqual({ rating: 5 });

    const set = await system.call('/metadata.set', { conversation_id: id, key: 'ad.id', value: '7' });
    expect(set).toMatchObject({ status: 200, json: {} });
    expect((await shown()).metadata.user_data.ad).toEqual({ id: '7' });
    expect(await system.call('/metadata.remove', { conversation_id: id, key: 'ad' })).toMatchObject({
      status: 200,
      json: {},
    });
    expect((await shown()).metadata.user_data).toEqual({ crm: 'gone', flat: 'x' });
    expect((await system.call('/metadata.remove', { conversation_id: id, key: 'never' })).status).toBe(200);

    for (const subject of ['conversation', 'message', 'channel']) {
      expect((await upsert({}, subject, UNKNOWN)).status).toBe(404);
    }
    for (const bad of [null, 'x', 5, ['x']]) expect((await upsert(bad)).json.field).toBe('data');
    expect((await upsert({}, 'contact')).json.field).toBe('subject');
    const deep = Array.from({ length: 40 }).reduce<object>((inner) => ({ a: inner }), { b: 1 });
    expect(await upsert(deep)).toMatchObject({ status: 400, json: { field: 'data' } });
    expect((await upsert({ __proto__x: 1, constructor: 'c' })).status).toBe(204);
  });

  it('refuses metadata that has no room beside what is there, and takes smaller', async () => {
    const channel = await system.channel('Full');
    await system.say(channel, [{ conversation: 'full' }]);
    const conversation = system.conversationId(channel, 'full');
    const shown = (await system.call('/conversations.info', { conversation_id: conversation })).json;
    const subjects = { conversation, message: shown.last_message.id, channel };
    const text = 'x'.repeat(400_000);
    for (const [subject, id] of Object.entries(subjects)) {
      const upsert = (data: object) => system.call('/metadata.upsert', { subject, id, data });
      expect((await upsert({ a: text })).status).toBe(204);
      expect((await upsert({ b: text })).status).toBe(204);
      expect(await upsert({ c: text })).toMatchObject({
        status: 400,
        json: { code: 'INVALID_REQUEST', field: 'data' },
      });
      expect((await upsert({ c: 'short' })).status).toBe(204);
    }
    const set = await system.call('/metadata.set', { conversation_id: conversation, key: 'd', value: text });
    expect(set).toMatchObject({ status: 400, json: { field: 'data' } });
    const named = await system.call('/conversations.update-contact', {
      conversation_id: conversation,
      display_name: text,
    });
    expect(named).toMatchObject({ status: 400, json: { field: 'display_name' } });
    const updated = await system.call('/channels.update', { channel_id: channel, image_url: `https://a.b/${text}` });
    expect(updated).toMatchObject({ status: 400, json: { code: 'INVALID_REQUEST' } });
    const { json } = await system.call('/conversations.info', { conversation_id: conversation });
    expect(Object.keys(json.metadata.user_data).sort()).toEqual(['a', 'b', 'c']);
  });
});
