import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { channelOf } from '../test/fixtures';
import type { Provider } from './port';
import { openProviderClient } from './provider-client';
import { adapterOfSource, connectOf, isBuiltInSource, isCustomSourceName } from './registry';

type Answers = Readonly<Record<string, { readonly status?: number; readonly body: unknown }>>;

/** A Graph API that answers by method and path, and tells what it was asked. */
describe('channels of providers', () => {
  let server: Server;
  let answers: Answers = {};
  let asked: string[] = [];
  let provider: Provider;

  beforeAll(async () => {
    server = createServer((req, res) => {
      const url = new URL(req.url ?? '/', 'http://graph');
      asked.push(`${req.method} ${url.pathname}`);
      const answer = answers[`${req.method} ${url.pathname}${url.searchParams.has('after') ? '#2' : ''}`];
      res.writeHead(answer ? (answer.status ?? 200) : 404).end(JSON.stringify(answer?.body ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    provider = {
      client: openProviderClient(),
      settings: {
        facebook: { appId: 'app', appSecret: 'secret', webhookSecret: null, apiUrl },
        twilio: { accountSid: null, authToken: null, apiUrl },
      },
    };
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    asked = [];
  });

  const pageAnswers: Answers = {
    'GET /v11.0/oauth/access_token': { body: { access_token: 'LASTING' } },
    'GET /v11.0/fb-page-1': {
      body: {
        id: 'fb-page-1',
        name_with_location_descriptor: 'Shop',
        access_token: 'PAGE',
        picture: { data: { url: 'https://cdn.example.org/p.png' } },
      },
    },
    'POST /v11.0/me/subscribed_apps': { body: { success: true } },
  };
  const page = { page_id: 'fb-page-1', page_token: 'EAAB' };

  it('facebook: exchanges the token, looks the page up, subscribes', async () => {
    answers = pageAnswers;
    expect(await connectOf('facebook')?.connect(page, provider)).toEqual({
      ok: true,
      sourceChannelId: 'fb-page-1',
      metadata: { name: '"Shop"', image_url: '"https://cdn.example.org/p.png"' },
      token: 'LASTING',
    });
    expect(asked).toEqual(Object.keys(pageAnswers));
  });

  it('instagram: the account is the channel', async () => {
    answers = pageAnswers;
    expect(await connectOf('instagram')?.connect({ ...page, account_id: 'ig-1' }, provider)).toMatchObject({
      sourceChannelId: 'ig-1',
      metadata: { name: '"Shop Instagram account"' },
    });
  });

  it('passes a refusal on, and knows silence from it', async () => {
    answers = { 'GET /v11.0/oauth/access_token': { status: 400, body: { error: { message: 'Bad token' } } } };
    expect(await connectOf('facebook')?.connect(page, provider)).toEqual({
      ok: false,
      code: 'PROVIDER_REFUSED',
      message: 'Bad token',
    });
    answers = {};
    expect(await connectOf('facebook')?.connect(page, provider)).toMatchObject({
      ok: false,
      code: 'PROVIDER_UNAVAILABLE',
    });
    const off = {
      ...provider,
      settings: { ...provider.settings, facebook: { ...provider.settings.facebook, appSecret: null } },
    };
    expect(await connectOf('facebook')?.connect(page, off)).toMatchObject({ ok: false, code: 'SOURCE_OFF' });
  });

  it('explores page after page, on the provider’s own host alone', async () => {
    const here = provider.settings.facebook.apiUrl;
    answers = {
      'GET /v11.0/me/accounts': {
        body: {
          data: [{ id: '1', name_with_location_descriptor: 'A' }],
          paging: { next: `${here}/v11.0/me/accounts?after=x` },
        },
      },
      'GET /v11.0/me/accounts#2': { body: { data: [{ id: '2' }] } },
    };
    expect(await adapterOfSource('facebook').explore?.('t', provider)).toEqual({
      ok: true,
      channels: [
        { sourceChannelId: '1', name: 'A', imageUrl: null },
        { sourceChannelId: '2', name: '2', imageUrl: null },
      ],
    });
    answers = { 'GET /v11.0/me/accounts': { body: { data: [], paging: { next: 'http://elsewhere.example/' } } } };
    expect(await adapterOfSource('facebook').explore?.('t', provider)).toMatchObject({ ok: false });
  });

  it('asks who a contact is, by profile or as participant', async () => {
    const channel = { ...channelOf('facebook', 'fb-page-1'), token: 'PAGE' };
    const fetchProfile = adapterOfSource('facebook').profile;
    answers = { 'GET /v11.0/7001': { body: { first_name: 'Ana', last_name: 'Diaz', profile_pic: 'https://p' } } };
    expect(await fetchProfile?.('7001', channel, provider)).toEqual({
      ok: true,
      profile: { displayName: 'Ana Diaz', avatarUrl: 'https://p' },
    });
    answers = {
      'GET /v11.0/7001': { status: 400, body: { error: { message: 'no access' } } },
      'GET /v11.0/me/conversations': {
        body: {
          data: [
            {
              participants: {
                data: [
                  { id: 'fb-page-1', name: 'Shop' },
                  { id: '7001', name: 'Ana D.' },
                ],
              },
            },
          ],
        },
      },
    };
    expect(await fetchProfile?.('7001', channel, provider)).toEqual({
      ok: true,
      profile: { displayName: 'Ana D.', avatarUrl: null },
    });
  });

  it.each([
    ['twilio.sms', '+49 8765 4321 ', '+4987654321'],
    ['twilio.whatsapp', '+49 8765', 'whatsapp:+498765'],
    ['twilio.whatsapp', 'whatsapp:+498765', 'whatsapp:+498765'],
  ])('%s takes %j', async (source, phone_number, sourceChannelId) => {
    expect(await connectOf(source)?.connect({ phone_number, name: 'Line' }, provider)).toEqual({
      ok: true,
      sourceChannelId,
      metadata: { name: '"Line"' },
      token: null,
    });
    expect(asked).toEqual([]);
  });

  it('custom sources have no connect, and names of their own', () => {
    expect(connectOf('shop')).toBeUndefined();
    expect(connectOf('constructor')).toBeUndefined();
    expect(['facebook', 'instagram', 'twilio', 'twilio.sms', 'chatplugin'].every(isBuiltInSource)).toBe(true);
    expect(['shop', 'my-shop.2_x'].every(isCustomSourceName)).toBe(true);
    expect(['Shop', '', '../x', 'a b', 'facebook', '-x'].some(isCustomSourceName)).toBe(false);
  });
});
