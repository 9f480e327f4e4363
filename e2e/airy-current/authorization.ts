import { type ServiceName, type SystemUnderTest, secrets, serviceNames } from '../harness';
import { Client, errorBody } from '../support/client';
import { givenSource, unique } from '../support/world';

/** A token that claims to be the operator's and carries no signature (RFC 7519, 6: unsecured). */
const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${Buffer.from(
  '{"sub":"system","principal":"{\\"kind\\":\\"system\\"}"}',
).toString('base64url')}.`;

export function authorizationCases({ it }: SystemUnderTest): void {
  describe('authorization and errors', () => {
    // Contract, Authorization: missing, empty, wrong or forged token -> 401 before the body is looked at, no effect.
    it('no endpoint answers without a good token, nor looks at the body', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      const calls: [ServiceName, string, object][] = [
        ['api', '/conversations.list', {}],
        ['api', '/conversations.info', { conversation_id: id }],
        ['api', '/conversations.set-state', { conversation_id: id, state: 'CLOSED' }],
        ['api', '/tags.create', { name: unique('t'), color: 'tag-red' }],
        ['api', '/sources.create', { source_id: unique('s') }],
        ['api', '/sources.channels.list', {}],
        ['ingest', '/sources.webhook', { messages: [source.message('refused')] }],
      ];
      for (const [service, path, body] of calls) {
        for (const authorization of [
          undefined,
          '',
          'Bearer',
          'Bearer ',
          `Bearer ${secrets.systemToken}x`,
          'x',
          `Bearer ${unsigned}`,
        ]) {
          const client = service === 'api' ? system.api : system.ingest;
          for (const raw of [JSON.stringify(body), '{"broken":']) {
            const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
            const answer = await client.post(path, undefined, { token: null, raw, headers });
            expect([path, authorization, answer.status]).toEqual([path, authorization, 401]);
            errorBody(answer);
          }
        }
      }
      const [info] = await source.list();
      expect(info?.metadata).not.toHaveProperty('state');
      expect(await source.list()).toHaveLength(1);
    });

    // Contract, Authorization: the bare token without Bearer is taken too.
    it('the bare token is taken too', async (system) => {
      const headers = { authorization: secrets.systemToken };
      expect((await system.api.post('/tags.list', {}, { token: null, headers })).status).toBe(200);
    });

    // Contract, Process: unknown path or prefix -> 404; GET on an endpoint -> 404 or 405; /health open on every port.
    it('unknown paths are 404, GET on an endpoint 404 or 405, health is open', async (system) => {
      for (const path of [
        '/',
        '/conversations',
        '/conversations.listen',
        '/v9/conversations.list',
        '/conversations.list/x',
      ]) {
        await system.api.refused(404, path, {});
      }
      const got = await system.api.get('/conversations.list');
      expect([404, 405]).toContain(got.status);
      for (const name of serviceNames) {
        const { status } = await new Client(system.url(name), null).get('/health');
        expect([name, status]).toEqual([name, 200]);
      }
    });

    // Contract, Process: unknown JSON fields are ignored.
    it('unknown fields are ignored', async (system) => {
      await system.api.expect(200, '/conversations.list', { page_size: 1, surprise: { a: [1] } });
    });
  });
}
