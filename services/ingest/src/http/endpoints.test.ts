import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rawTopic } from '@parley/contracts';
import { queryPaths } from '@parley/query';
import { type RunningService, signChatToken, signSourceToken, startService } from '@parley/service-kit';
import { Harness, until } from '../../test/harness';
import { Router } from '../router/router';
import { startIngest } from '../start';

/** What the chat plugin's endpoints answer, taken together. */
interface ChatAnswer {
  readonly id: string;
  readonly token: string;
  readonly resume_token: string;
  readonly messages: readonly unknown[];
  readonly sender: { readonly id: string };
}

const chatAnswer = async (answer: Response) => (await answer.json()) as ChatAnswer;

const visitorMessage = (id: string, conversationId: string, text: string, sentAt: number) => ({
  ...{ id, conversationId, channelId: 'ch', source: 'chatplugin', sourceMessageId: null, content: { text }, text },
  ...{ supported: true, deliveryState: 'delivered', fromContact: true, sentAt, metadata: {} },
  ...{ sender: { id: conversationId, name: null, avatarUrl: null }, headers: {} },
});

/** The endpoints on a real server with a real log; only the aggregator behind them is played. */
describe('ingest endpoints', () => {
  let aggregator: Server;
  let service: RunningService;
  let harness: Harness;
  let base: string;
  const listed: unknown[] = [];

  beforeAll(async () => {
    aggregator = createServer((req, res) => {
      const answer =
        req.url === queryPaths.positions
          ? { serving: true, positions: [0, 1].map((partition) => ({ partition, applied: 0, end: 0, inTouch: true })) }
          : {
              page: { items: listed, total: listed.length, nextCursor: null, previousCursor: null },
              positions: [0, 1].map((partition) => [partition, 0]),
            };
      res.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => aggregator.listen(0, '127.0.0.1', resolve));
    const config = Harness.config({
      SYSTEM_TOKEN: 'system-token',
      JWT_SECRET: 'jwt-secret-of-tests',
      AGGREGATOR_URLS: `http://127.0.0.1:${(aggregator.address() as AddressInfo).port}`,
      FACEBOOK_APP_SECRET: 'app-secret',
      FACEBOOK_WEBHOOK_SECRET: 'hub-secret',
      TWILIO_AUTH_TOKEN: 'auth-token',
    });
    harness = await Harness.open(config);
    service = await startService('ingest', config, 0, (ctx) =>
      startIngest(ctx, async (inner) => {
        const router = await Router.open(inner);
        return { ready: () => true, close: () => router.close() };
      }),
    );
    base = `http://127.0.0.1:${service.port}`;
  });

  afterAll(async () => {
    await service.stop();
    await harness.close();
    await new Promise((resolve) => aggregator.close(resolve));
  });

  const post = (path: string, body: string | object, headers: Record<string, string> = {}) =>
    fetch(base + path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const kept = async (source: string) => {
    const ends = await harness.ctx.log.ends(rawTopic(source).name);
    return [...ends.values()].reduce((sum, end) => sum + end, 0);
  };
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

  describe('facebook', () => {
    const body = '{"entry":[]}';
    const sign = (text: string) => `sha256=${createHmac('sha256', 'app-secret').update(text).digest('hex')}`;

    it('keeps what is signed, byte for byte', async () => {
      const before = await kept('facebook');
      const answer = await post('/facebook', body, { 'X-Hub-Signature-256': sign(body) });
      expect([answer.status, await answer.text()]).toEqual([200, '']);
      expect(await kept('facebook')).toBe(before + 1);
      const odd = '{"entry" : [ ] , "x":"ü\\u00e9"}';
      expect((await post('/facebook', odd, { 'X-Hub-Signature-256': sign(odd) })).status).toBe(200);
    });

    it('takes the older digest alone', async () => {
      const headers = { 'X-Hub-Signature': 'sha1=eb6e21b6c2a7eae9310f91503d5ee1e84669e5d3' };
      expect((await post('/facebook', body, headers)).status).toBe(200);
    });

    it('keeps nothing that is not', async () => {
      const before = await kept('facebook');
      for (const headers of [{}, { 'X-Hub-Signature-256': sign('x') }, { 'X-Hub-Signature': 'sha1=00' }] as Record<
        string,
        string
      >[]) {
        const answer = await post('/facebook', body, headers);
        expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'FORBIDDEN' }]);
      }
      expect(
        (await post('/facebook', 'x'.repeat(5 * 1024 * 1024 + 1), { 'X-Hub-Signature-256': 'sha256=00' })).status,
      ).toBe(413);
      expect(await kept('facebook')).toBe(before);
    });

    it('answers the verification for the right token alone', async () => {
      const verify = (token: string) =>
        fetch(`${base}/facebook?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`);
      const good = await verify('hub-secret');
      expect([good.status, await good.text()]).toEqual([200, '1158201444']);
      expect((await verify('other')).status).toBe(403);
      expect((await fetch(`${base}/facebook`)).status).toBe(403);
    });
  });

  it('twilio signs the URL that it called, which a proxy passes on', async () => {
    const form = 'Body=Hi+there&From=%2B4915112345678&To=%2B491234567';
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      'X-Twilio-Signature': 'SgGhTQqjqBLg8ZKxuHqtTzLlxMA=',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'core.example.org',
    };
    expect((await post('/twilio', form, headers)).status).toBe(200);
    const { 'X-Forwarded-Host': _, ...direct } = headers;
    expect((await post('/twilio', form, direct)).status).toBe(403);
  });

  it('a source without its secret is not there', async () => {
    expect((await post('/viber', {})).status).toBe(404);
  });

  describe('sources.webhook', () => {
    const message = {
      ...{ source_message_id: 'm1', source_conversation_id: 'c1', source_channel_id: 'web', source_sender_id: 'b' },
      ...{ content: { text: 'Hi' }, sent_at: 1714550400000 },
    };
    const tokenOf = async (id: string) => signSourceToken('jwt-secret-of-tests', await harness.source(id));

    it('keeps a good call, and nothing of one with a fault', async () => {
      const token = await tokenOf('shop');
      expect((await post('/sources.webhook', { messages: [message] }, bearer(token))).status).toBe(200);
      expect(await kept('shop')).toBe(1);
      const answer = await post(
        '/sources.webhook',
        { messages: [message, { ...message, sent_at: 'soon' }] },
        bearer(token),
      );
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { code: 'INVALID_REQUEST', field: 'messages.1.sent_at' },
      ]);
      expect((await post('/sources.webhook', 'no JSON', bearer(token))).status).toBe(400);
      expect(await kept('shop')).toBe(1);
    });

    it('carries a hundred calls at once, of 200,000 bytes', async () => {
      const token = await tokenOf('bulk');
      const statuses = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const large = { ...message, source_message_id: `m${i}`, content: 'x'.repeat(200_000) };
          return (await post('/sources.webhook', { messages: [large] }, bearer(token))).status;
        }),
      );
      expect(new Set(statuses)).toEqual(new Set([200]));
      expect(await kept('bulk')).toBe(100);
    });

    it('takes the token of a source that is there, and no other', async () => {
      const token = await tokenOf('gone');
      await harness.sources.remove('1/gone');
      const visitor = signChatToken('jwt-secret-of-tests', { accountId: 1, conversationId: 'c', channelId: 'x' });
      const status = async (headers: Record<string, string>) =>
        (await post('/sources.webhook', 'not looked at', headers)).status;
      expect(await status({})).toBe(401);
      expect(await status(bearer('forged'))).toBe(401);
      expect(await status(bearer(token))).toBe(401);
      expect(await status(bearer('system-token'))).toBe(403);
      expect(await status(bearer(visitor))).toBe(403);
    });
  });

  describe('chatplugin', () => {
    const authenticate = async (body: object) => {
      const answer = await post('/chatplugin.authenticate', body);
      return { status: answer.status, body: await chatAnswer(answer) };
    };

    it('opens a conversation of its own for each visitor', async () => {
      const channel = await harness.channel('chatplugin', 'Website');
      const [one, two] = await Promise.all([
        authenticate({ channel_id: channel.id.toUpperCase() }),
        authenticate({ channel_id: channel.id }),
      ]);
      expect(one).toMatchObject({ status: 200, body: { messages: [] } });
      expect(one.body.token).not.toBe(two.body.token);
    });

    it.each([
      ['neither field', {}, 400],
      ['a channel that is no UUID', { channel_id: 'x' }, 400],
      ['an unknown channel', { channel_id: '1f679227-76c2-4302-bb12-703b2adb0f66' }, 404],
      ['a bad resume token', { resume_token: 'x' }, 401],
    ])('refuses %s', async (_, body, status) => {
      expect((await authenticate(body)).status).toBe(status);
    });

    it('refuses a disconnected channel, for those who come back too', async () => {
      const channel = await harness.channel('chatplugin', 'Closing');
      const { body } = await authenticate({ channel_id: channel.id });
      const resume = await chatAnswer(await post('/chatplugin.resumeToken', '', bearer(body.token)));
      await harness.channel('chatplugin', 'Closing', false);
      await until(async () => (await authenticate({ channel_id: channel.id })).status === 404);
      expect((await authenticate(resume)).status).toBe(404);
      expect((await post('/chatplugin.send', { message: { text: 'x' } }, bearer(body.token))).status).toBe(404);
    });

    it('sends into the token’s conversation; the same key is the same message', async () => {
      const channel = await harness.channel('chatplugin', 'Website');
      const { body } = await authenticate({ channel_id: channel.id });
      const send = async (headers: Record<string, string> = {}) => {
        const answer = await post(
          '/chatplugin.send',
          { message: { text: 'Hi' } },
          { ...bearer(body.token), ...headers },
        );
        expect(answer.status).toBe(200);
        return chatAnswer(answer);
      };
      const message = await send({ 'Idempotency-Key': 'k1' });
      expect(message).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        content: { text: 'Hi' },
        delivery_state: 'DELIVERED',
        state: 'DELIVERED',
        from_contact: true,
        sent_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        source: 'chatplugin',
        metadata: {},
        sender: { id: expect.any(String), name: null, avatar_url: null },
      });
      expect((await send({ 'Idempotency-Key': 'k1' })).id).toBe(message.id);
      expect((await send()).id).not.toBe(message.id);
      await harness.routed('chatplugin');
      const events = await harness.events();
      expect(
        events.filter((event) => event.type === 'MessageReceived' && event.value.messageId === message.id),
      ).toMatchObject(
        Array(2).fill({ value: { conversationId: message.sender.id, text: 'Hi', source: 'chatplugin' } }),
      );
    });

    it('needs a message and a visitor’s token to send', async () => {
      const channel = await harness.channel('chatplugin', 'Website');
      const { body } = await authenticate({ channel_id: channel.id });
      expect((await post('/chatplugin.send', {}, bearer(body.token))).status).toBe(400);
      expect((await post('/chatplugin.send', { message: {} })).status).toBe(401);
      expect((await post('/chatplugin.send', { message: {} }, bearer('system-token'))).status).toBe(403);
      const resume = await chatAnswer(await post('/chatplugin.resumeToken', '', bearer(body.token)));
      expect((await post('/chatplugin.send', { message: {} }, bearer(resume.resume_token))).status).toBe(401);
    });

    it('refuses a message that is printed longer than an event may be, and keeps nothing of it', async () => {
      const channel = await harness.channel('chatplugin', 'Website');
      const { body } = await authenticate({ channel_id: channel.id });
      const before = await kept('chatplugin');
      const numbers = `{"message":{"text":"x","n":[${Array(900_000).fill('1e20').join()}]}}`;
      const answer = await post('/chatplugin.send', numbers, bearer(body.token));
      expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'INVALID_REQUEST', field: 'message' }]);
      expect(await kept('chatplugin')).toBe(before);
    });

    it('gives a visitor who comes back the history, oldest first', async () => {
      const channel = await harness.channel('chatplugin', 'Website');
      const conversation = { conversation_id: '5535a2a4-a639-56d1-8683-aba9491dce0a', channel_id: channel.id };
      listed.push(
        visitorMessage('b', conversation.conversation_id, 'second', 2),
        visitorMessage('a', conversation.conversation_id, 'first', 1),
      );
      const granted = await post('/chatplugin.resumeToken', conversation, bearer('system-token'));
      const resumed = await authenticate(await chatAnswer(granted));
      expect(resumed).toMatchObject({
        status: 200,
        body: {
          messages: [
            { content: { text: 'first' }, sent_at: '1970-01-01T00:00:00.001Z' },
            { content: { text: 'second' } },
          ],
        },
      });
      listed.length = 0;
    });

    it('the system names what it wants a resume token for', async () => {
      expect((await post('/chatplugin.resume-token', {}, bearer('system-token'))).status).toBe(400);
      expect(
        (await post('/chatplugin.resumeToken', { conversation_id: 'x', channel_id: 'y' }, bearer('system-token')))
          .status,
      ).toBe(400);
      expect((await post('/chatplugin.resumeToken', {})).status).toBe(401);
    });
  });
});
