import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { System } from './system';

/** Stands in for the Graph API: grants what is asked, or refuses it in its own words. */
function graphApi(): { server: Server; refuse: (message: string | null) => void } {
  let refusal: string | null = null;
  const server = createServer((req, res) => {
    const path = new URL(req.url ?? '/', 'http://graph').pathname;
    const answer = path.endsWith('/oauth/access_token')
      ? { access_token: 'long-lived-secret' }
      : path.endsWith('/subscribed_apps')
        ? { success: true }
        : { id: 'page-1', name_with_location_descriptor: 'Shop', access_token: 'page-secret' };
    res.writeHead(refusal === null ? 200 : 400, { 'content-type': 'application/json' });
    res.end(JSON.stringify(refusal === null ? answer : { error: { message: refusal } }));
  });
  return {
    server,
    refuse: (message) => {
      refusal = message;
    },
  };
}

describe('channels.facebook.connect', () => {
  const { server, refuse } = graphApi();
  let system: System;
  beforeAll(async () => {
    server.listen(0);
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    system = await System.start({
      FACEBOOK_API_URL: `http://127.0.0.1:${port}`,
      FACEBOOK_APP_ID: 'app',
      FACEBOOK_APP_SECRET: 'app-secret',
      FACEBOOK_WEBHOOK_SECRET: 'webhook-secret',
    });
  });
  afterAll(async () => {
    server.close();
    await system.stop();
  });

  const connect = () => system.call('/channels.facebook.connect', { page_id: 'page-1', page_token: 'user-secret' });
  const listed = async () => (await system.call('/channels.list')).json.data.length;

  it('tells in the provider’s words why it refused, and keeps nothing', async () => {
    refuse('Invalid OAuth access token');
    expect(await connect()).toMatchObject({
      status: 502,
      json: { code: 'PROVIDER_REFUSED', message: expect.stringContaining('Invalid OAuth access token') },
    });
    expect(await listed()).toBe(0);
  });

  it('connects, shows no token, and forgets it when it is disconnected', async () => {
    refuse(null);
    const answer = await connect();
    expect(answer).toMatchObject({
      status: 200,
      json: { source: 'facebook', source_channel_id: 'page-1', connected: true, metadata: { name: 'Shop' } },
    });
    for (const shown of [answer, await system.call('/channels.list')]) expect(shown.text).not.toContain('secret');
    const channel_id = answer.json.id;
    expect((await system.channelRow(channel_id))?.token).toEqual(expect.stringContaining('secret'));
    await system.call('/channels.facebook.disconnect', { channel_id });
    expect(await system.channelRow(channel_id)).toMatchObject({ connected: false, token: null });
  });

  it('answers 503 while the provider does not', async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    const answer = await connect();
    expect(answer).toMatchObject({ status: 503, json: { code: 'UNAVAILABLE', message: expect.any(String) } });
    expect(await listed()).toBe(0);
  });
});
