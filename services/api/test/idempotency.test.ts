import { type CallOptions, System } from './system';

describe('Idempotency-Key', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start();
  });
  afterAll(() => system.stop());

  const call = (key: string, path: string, body: unknown, options: CallOptions & { url?: string } = {}) =>
    system.call(path, body, { ...options, headers: { 'idempotency-key': key } });
  const vip = { name: 'VIP', color: 'tag-red' };
  const tags = async () => (await system.call('/tags.list')).json.data.length;

  it('gives a repetition the first answer, and no further effect, after a restart too', async () => {
    const before = await tags();
    const first = await call('k1', '/tags.create', vip);
    const again = await call('k1', '/tags.create', { color: 'tag-red', name: 'VIP' });
    await system.restartApi();
    const later = await call('k1', '/tags.create', vip);
    expect(first.status).toBe(201);
    expect([again, later].map(({ status, text }) => ({ status, text }))).toEqual(
      [first, first].map(({ status, text }) => ({ status, text })),
    );
    expect(await tags()).toBe(before + 1);
  });

  it('makes one thing of many calls at once, at two instances', async () => {
    const before = await tags();
    const other = await system.another();
    const urls = [system.url, `http://127.0.0.1:${other.port}`];
    const calls = Array.from({ length: 10 }, (_, at) => call('k2', '/tags.create', vip, { url: urls[at % 2] ?? '' }));
    const answers = await Promise.all(calls);
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
    expect(await tags()).toBe(before + 1);
    await other.stop();
  });

  it('refuses the key with another request, and keeps it apart by path', async () => {
    await call('k3', '/tags.create', vip);
    expect(await call('k3', '/tags.create', { ...vip, name: 'other' })).toMatchObject({
      status: 422,
      json: { code: 'IDEMPOTENCY_MISMATCH' },
    });
    expect((await call('k3', '/sources.create', { source_id: 'k3' })).status).toBe(200);
  });

  it('remembers refusals, but none of a request that was not valid', async () => {
    const unknown = { id: '00000000-0000-4000-8000-000000000000' };
    const refused = await call('k4', '/tags.delete', unknown);
    expect(refused.status).toBe(404);
    expect((await call('k4', '/tags.delete', unknown)).text).toBe(refused.text);
    expect((await call('k5', '/tags.create', { name: 'VIP' })).status).toBe(400);
    expect((await call('k5', '/tags.create', vip)).status).toBe(201);
  });

  it('tags and reads a conversation once', async () => {
    const channel = await system.channel('Idempotent');
    await system.say(channel, [{ conversation: 'one' }]);
    const conversation_id = system.conversationId(channel, 'one');
    const read = () => call('k6', '/conversations.mark-read', { conversation_id });
    const first = await read();
    expect([first.status, first.text]).toEqual([204, '']);
    await system.say(channel, [{ conversation: 'one' }]);
    const again = await read();
    expect([again.status, again.text]).toEqual([204, '']);
    const { json } = await system.call('/conversations.info', { conversation_id });
    expect(json.metadata.unread_count).toBe(1);
  });

  it('shows a source’s token again, and keeps it unreadable on the log', async () => {
    const first = await call('k7', '/sources.create', { source_id: 'k7' });
    expect((await call('k7', '/sources.create', { source_id: 'k7' })).text).toBe(first.text);
    const other = await system.another();
    const reader = await other.ctx.log.reader('api.idempotent-responses', 'earliest');
    const batch = await reader.next({ maxRecords: 1_000 });
    expect(batch?.records.length).toBeGreaterThan(0);
    for (const { value } of batch?.records ?? []) expect(value?.includes(first.json.token)).toBe(false);
    await reader.close();
    await other.stop();
  });

  it('takes keys of 1 to 255 characters', async () => {
    expect((await call('x'.repeat(255), '/tags.create', vip)).status).toBe(201);
    for (const key of ['x'.repeat(256), '']) {
      expect(await call(key, '/tags.create', vip)).toMatchObject({ status: 400, json: { field: 'Idempotency-Key' } });
    }
  });
});
