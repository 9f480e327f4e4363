import { createHmac } from 'node:crypto';
import Ajv2020 from 'ajv/dist/2020';
import { SYSTEM_TOKEN, System } from './system';

type Operation = {
  readonly security: readonly Record<string, unknown>[];
  readonly requestBody: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly responses: Readonly<Record<string, { readonly content?: { readonly 'application/json': object } }>>;
};

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = { iss: 'parley', aud: 'source', sub: 'shop', jti: 'x', account: 1 };
const unsigned = `${base64url({ alg: 'none', typ: 'JWT' })}.${base64url(claims)}.`;
const signedByAnother = (() => {
  const head = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(claims)}`;
  return `${head}.${createHmac('sha256', 'another').update(head).digest('base64url')}`;
})();

describe('every endpoint', () => {
  let system: System;
  let operations: [string, Operation][];
  let document: object;
  let sourceToken: string;
  beforeAll(async () => {
    system = await System.start();
    const answer = await fetch(`${system.url}/openapi.json`, { headers: { authorization: SYSTEM_TOKEN } });
    const body = (await answer.json()) as { paths: Record<string, { post: Operation }> };
    document = body;
    operations = Object.entries(body.paths).map(([path, item]) => [path, item.post]);
    sourceToken = (await system.call('/sources.create', { source_id: 'walker' })).json.token;
  });
  afterAll(() => system.stop());

  const tokenFor = (operation: Operation) => ('source' in (operation.security[0] ?? {}) ? sourceToken : SYSTEM_TOKEN);

  it('is described', () => {
    const paths = operations.map(([path]) => path);
    for (const path of [
      ...['list', 'info', 'mark-read', 'tag', 'untag', 'set-state', 'setState', 'remove-state', 'refetch'].map(
        (verb) => `/conversations.${verb}`,
      ),
      ...['list', 'info', 'update'].map((verb) => `/channels.${verb}`),
      ...['chatplugin', 'facebook', 'instagram', 'twilio.sms', 'twilio.whatsapp'].flatMap((source) => [
        `/channels.${source}.connect`,
        `/channels.${source}.disconnect`,
      ]),
      ...['create', 'update', 'delete', 'list'].flatMap((verb) => [`/tags.${verb}`, `/sources.${verb}`]),
      ...['set', 'upsert', 'remove'].map((verb) => `/metadata.${verb}`),
      ...['create', 'list', 'disconnect'].map((verb) => `/sources.channels.${verb}`),
      '/messages.list',
    ]) {
      expect(paths).toContain(path);
    }
  });

  it('refuses missing, forged and garbage tokens before it looks at the body', async () => {
    for (const [path] of operations) {
      for (const token of [null, 'garbage', `${SYSTEM_TOKEN}x`, unsigned, signedByAnother]) {
        const answer = await system.call(path, '{broken', { token });
        expect([path, token, answer.status, answer.json.code]).toEqual([path, token, 401, 'UNAUTHENTICATED']);
      }
    }
  });

  it('refuses what is no JSON object', async () => {
    for (const [path, operation] of operations) {
      for (const body of ['{broken', '[]', '"text"', '7', 'null']) {
        const answer = await system.call(path, body, { token: tokenFor(operation) });
        expect([path, body, answer.status, answer.json]).toEqual([
          path,
          body,
          400,
          { message: expect.any(String), code: 'INVALID_REQUEST', field: 'body' },
        ]);
      }
    }
  });

  it('is no place for GET, and there are no others', async () => {
    for (const [path] of operations) expect((await fetch(`${system.url}${path}`)).status).toBe(405);
    expect(await system.call('/conversations.nonsense', {})).toMatchObject({
      status: 404,
      json: { code: 'NOT_FOUND' },
    });
  });

  it('answers what its description says', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'api', ...document });
    const channel = await system.channel('Described');
    await system.say(channel, [{ conversation: 'a' }, { conversation: 'b', fromContact: false }]);
    const conversation_id = system.conversationId(channel, 'a');
    const tag_id = (await system.call('/tags.create', { name: 'VIP', color: 'tag-blue' })).json.id;
    const known: Record<string, unknown> = {
      ...{ conversation_id, tag_id, channel_id: channel, id: tag_id, subject: 'conversation', data: {} },
      ...{ state: 'OPEN', display_name: 'Ada', name: 'n', color: 'tag-red', key: 'k', value: 'v' },
      ...{ source_id: 'made', source_channel_id: 'c', phone_number: '+491' },
    };
    const answered: string[] = [];
    for (const [path, operation] of operations) {
      const token = tokenFor(operation);
      const answer = await system.call(
        path,
        path.endsWith('.list') && token === SYSTEM_TOKEN ? { conversation_id } : known,
        { token },
      );
      const spec = operation.responses[answer.status] ?? operation.responses.default;
      expect([path, spec === undefined]).toEqual([path, false]);
      if (answer.status < 300) answered.push(path);
      const status = operation.responses[answer.status] ? String(answer.status) : 'default';
      if (!spec?.content) {
        expect([path, answer.text]).toEqual([path, '']);
        continue;
      }
      const pointer = ['paths', path, 'post', 'responses', status, 'content', 'application/json', 'schema']
        .map((part) => part.replaceAll('/', '~1'))
        .join('/');
      const valid = ajv.validate({ $ref: `api#/${pointer}` }, answer.json);
      expect([path, valid ? null : ajv.errors]).toEqual([path, null]);
    }
    expect(answered).toEqual(
      expect.arrayContaining([
        '/conversations.list',
        '/conversations.info',
        '/messages.list',
        '/channels.list',
        '/tags.list',
      ]),
    );
  });
});
