import { rawTopic } from '@parley/contracts';
import { System } from './system';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

describe('sources.*', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
  });
  afterAll(() => system.stop());

  const create = (source_id: string, fields: object = {}) => system.call('/sources.create', { source_id, ...fields });

  it('makes a source that can be used at once, and shows its token once', async () => {
    const made = await create('shop', { name: 'Shop', action_endpoint: 'https://shop.example/act' });
    expect(made).toMatchObject({
      status: 200,
      json: { source_id: 'shop', name: 'Shop', image_url: null, action_endpoint: 'https://shop.example/act' },
    });
    const { token } = made.json;
    expect(token).toEqual(expect.any(String));
    expect((await system.call('/sources.channels.list', undefined, { token })).json).toEqual({ data: [] });
    const list = await system.call('/sources.list');
    expect(list.text).not.toContain('token');
    expect(list.json.data).toContainEqual({
      source_id: 'shop',
      name: 'Shop',
      image_url: null,
      action_endpoint: 'https://shop.example/act',
    });
    const updated = await system.call('/sources.update', { source_id: 'shop' });
    expect(updated).toMatchObject({ status: 200, json: { name: null, action_endpoint: null, token: null } });
    expect((await system.call('/sources.channels.list', undefined, { token })).status).toBe(200);
    expect((await system.call('/sources.update', { source_id: 'none' })).status).toBe(404);
  });

  it('gives a name once, also to two instances asked at once, and never a built-in one', async () => {
    expect((await create('twice')).status).toBe(200);
    expect(await create('twice')).toMatchObject({ status: 409, json: { code: 'CONFLICT', field: 'source_id' } });
    for (const name of ['facebook', 'twilio.sms', 'chatplugin']) expect((await create(name)).status).toBe(409);

    const other = await system.another();
    const url = `http://127.0.0.1:${other.port}`;
    for (let at = 0; at < 5; at++) {
      const body = { source_id: `raced-${at}` };
      const answers = await Promise.all([
        system.call('/sources.create', body),
        system.call('/sources.create', body, { url }),
      ]);
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
      const token = answers.find((answer) => answer.status === 200)?.json.token;
      expect((await system.call('/sources.channels.list', {}, { token })).status).toBe(200);
    }
    await other.stop();
  });

  it.each([
    [{}, 'source_id'],
    [{ source_id: 'Shop' }, 'source_id'],
    [{ source_id: '' }, 'source_id'],
    [{ source_id: 'a/b' }, 'source_id'],
    [{ source_id: 'x'.repeat(101) }, 'source_id'],
    [{ source_id: 7 }, 'source_id'],
    [{ source_id: 'ok', action_endpoint: 'no url' }, 'action_endpoint'],
    [{ source_id: 'ok', action_endpoint: 'ftp://a.b' }, 'action_endpoint'],
  ])('refuses %j, naming %s', async (body, field) => {
    const answer = await system.call('/sources.create', body);
    expect(answer).toMatchObject({ status: 400, json: { code: 'INVALID_REQUEST', field } });
  });

  it('ends a token with its source, for good', async () => {
    const { token } = (await create('brief')).json;
    for (const id of ['brief', 'brief', 'never']) {
      const deleted = await system.call('/sources.delete', { source_id: id });
      expect([deleted.status, deleted.text]).toEqual([202, '']);
    }
    expect((await system.call('/sources.channels.list', {}, { token })).status).toBe(401);
    await create('brief');
    expect((await system.call('/sources.channels.list', {}, { token })).status).toBe(401);
  });

  it('keeps the kinds of tokens apart', async () => {
    const { token } = (await create('kinds')).json;
    for (const path of [
      '/sources.create',
      '/sources.list',
      '/sources.update',
      '/sources.delete',
      '/conversations.list',
    ]) {
      expect((await system.call(path, {}, { token })).status).toBe(403);
    }
    for (const path of ['/sources.channels.create', '/sources.channels.list', '/sources.channels.disconnect']) {
      expect((await system.call(path, {})).status).toBe(403);
      expect((await system.call(path, {}, { token: null })).status).toBe(401);
    }
  });

  it('lets a source have its own channels alone', async () => {
    const { token } = (await create('mine')).json;
    const { token: other } = (await create('other')).json;
    const make = (name: string, metadata?: object) =>
      system.call('/sources.channels.create', { name, source_channel_id: 'c 1', metadata }, { token });
    const made = await make('First', { region: { code: 'eu' }, image_url: 'https://a.b/c' });
    expect(made).toMatchObject({
      status: 201,
      json: {
        source: 'mine',
        source_id: 'mine',
        source_channel_id: 'c 1',
        connected: true,
        metadata: { name: 'First', region: { code: 'eu' }, image_url: 'https://a.b/c' },
      },
    });
    expect((await make('Second')).json).toMatchObject({ id: made.json.id, metadata: { name: 'Second' } });
    expect((await system.call('/sources.channels.list', {}, { token })).json.data).toHaveLength(1);
    expect((await system.call('/sources.channels.list', {}, { token: other })).json.data).toEqual([]);
    const disconnect = (as: string, channel_id = made.json.id) =>
      system.call('/sources.channels.disconnect', { channel_id }, { token: as });
    expect((await disconnect(other)).status).toBe(403);
    expect((await disconnect(token, UNKNOWN)).status).toBe(404);
    expect((await disconnect(token)).status).toBe(204);
    expect((await disconnect(token)).status).toBe(204);
    expect((await system.call('/sources.channels.list', {}, { token })).json.data).toEqual([]);
    expect((await make('Third')).json).toMatchObject({ id: made.json.id, connected: true });
  });

  it('has the source’s topics made before it answers', async () => {
    await create('topical');
    const other = await system.another();
    expect(await other.ctx.log.describe(rawTopic('topical').name)).toMatchObject({ partitions: 3 });
    expect(await other.ctx.log.topics()).toContain('source.topical.events.dead-letters');
    await other.stop();
  });
});
