/**
 * What no caller should send. Whatever comes: an answer in time, never a 5xx, an error body as the contract has it,
 * and of a refused call nothing is left.
 */
import { request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { apiEndpoints, type Endpoint, ingestEndpoints, plausible, typeOf, typesOf } from './bad-input/endpoints';
import { hostileFilters } from './bad-input/filters';
import { type System, useSystem } from './harness';
import { Answer, errorBody, type Json, type JsonObject } from './support/client';
import { describeOnEachLog } from './support/each-log';
import { randomFrom, seed } from './support/random';
import { baseTime, type CustomSource, conversationInfo, givenSource, unique } from './support/world';

describeOnEachLog(`bad input (SEED=${seed})`, (log) => {
  const sut = useSystem(log);
  const { it } = sut;

  let source: CustomSource | undefined;
  let conversation = '';

  async function prepared(system: System): Promise<CustomSource> {
    if (source === undefined) {
      source = await givenSource(system);
      conversation = await source.conversation();
    }
    return source;
  }

  async function allEndpoints(system: System): Promise<Endpoint[]> {
    const own = await prepared(system);
    const endpoints = [...(await apiEndpoints(system, own)), ...(await ingestEndpoints(system, own))];
    expect(endpoints.length).toBeGreaterThan(30);
    return endpoints;
  }

  /** Everything that a call might have changed. */
  async function snapshot(system: System): Promise<string> {
    const lists = ['/conversations.list', '/channels.list', '/tags.list', '/sources.list'];
    const answers = await Promise.all(lists.map((path) => system.api.post(path, { page_size: 10_000 })));
    const hash = await system.aggregator.post('/query/state-hash', {});
    return [...answers, hash].map((answer) => `${answer.status} ${answer.text}`).join('\n');
  }

  /** Any answer but a failure of the server; a refusal has the error body of the contract. */
  function expectSane(what: string, answer: Answer): void {
    if (answer.status >= 500 || answer.status < 200)
      throw new Error(`${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
    if (answer.status >= 400) errorBody(answer);
  }

  const short = (value: Json): string => JSON.stringify(value)?.slice(0, 80) ?? 'nothing';

  /** Sends calls that must be refused with 400, and compares what there is before and after. */
  async function refusedWithoutTrace(
    system: System,
    calls: readonly (readonly [Endpoint, Json | string, 'json' | 'raw'])[],
  ) {
    const before = await snapshot(system);
    const wrong: string[] = [];
    for (const [endpoint, body, form] of calls) {
      const answer =
        form === 'raw'
          ? await endpoint.client.post(endpoint.path, undefined, { raw: String(body) })
          : await endpoint.client.post(endpoint.path, body);
      const what = `${endpoint.path} ${short(body)}`;
      expectSane(what, answer);
      if (answer.status !== 400) wrong.push(`${what}: ${answer.status} ${answer.text.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
    expect(await snapshot(system)).toBe(before);
  }

  describe('calls that no caller should make', () => {
    // Contract, Errors: body that is no JSON object -> 400, and nothing of the call is kept.
    it('truncated JSON and JSON that is no object are refused everywhere', async (system) => {
      const random = randomFrom(seed);
      const calls = (await allEndpoints(system)).flatMap((endpoint): [Endpoint, string, 'raw'][] => {
        const full = JSON.stringify({ ...plausible(endpoint.schema), padding: 'x' });
        const cut = [1, full.length - 1, random.between(1, full.length)].map((at) => full.slice(0, at));
        const noObject = [
          'null',
          '[]',
          '[{}]',
          '"text"',
          '7',
          'true',
          '{',
          '{"a":1}}',
          "{'a':1}",
          '\u0000',
          '{"a":\u0001}',
          '<xml/>',
        ];
        return [...cut, ...noObject].map((raw) => [endpoint, raw, 'raw']);
      });
      await refusedWithoutTrace(system, calls);
    });

    // Contract, Errors: missing or null required field -> 400.
    it('missing and null required fields are refused everywhere', async (system) => {
      const calls = (await allEndpoints(system)).flatMap((endpoint) =>
        (endpoint.schema.required ?? []).flatMap((field): [Endpoint, JsonObject, 'json'][] => {
          const { [field]: _, ...rest } = plausible(endpoint.schema);
          const nulled: [Endpoint, JsonObject, 'json'][] =
            field === 'message' && endpoint.path === '/chatplugin.send'
              ? []
              : [[endpoint, { ...rest, [field]: null }, 'json']];
          return [[endpoint, rest, 'json'], ...nulled];
        }),
      );
      expect(calls.length).toBeGreaterThan(30);
      await refusedWithoutTrace(system, calls);
    });

    // Contract, Errors: wrong JSON type -> 400; numbers, booleans, objects and lists are not taken for text.
    it('wrong types are refused in every field', async (system) => {
      const values: Json[] = ['text', 7, 1.5, true, { a: 1 }, ['a']];
      const calls = (await allEndpoints(system)).flatMap((endpoint) =>
        Object.entries(endpoint.schema.properties ?? {}).flatMap(
          ([field, schema]): [Endpoint, JsonObject, 'json'][] => {
            const types = typesOf(schema);
            if (types === undefined) return [];
            const taken = (value: Json) =>
              types.includes(typeOf(value)) || (typeof value === 'number' && types.includes('integer'));
            return values
              .filter((value) => !taken(value))
              .map((value) => [endpoint, { ...plausible(endpoint.schema), [field]: value }, 'json']);
          },
        ),
      );
      expect(calls.length).toBeGreaterThan(100);
      await refusedWithoutTrace(system, calls);
    });

    // Contract, Errors: an id that is no UUID -> 400, an unknown id -> 404.
    it('unknown ids change nothing', async (system) => {
      const before = await snapshot(system);
      for (const endpoint of await apiEndpoints(system, await prepared(system))) {
        const body = plausible(endpoint.schema);
        const ids = Object.keys(body).filter((field) => /(^|_)id$/.test(field) && !/^source/.test(field));
        if (ids.length === 0 || endpoint.path === '/channels.instagram.connect') continue;
        if (!endpoint.path.endsWith('.connect')) {
          const unknown = await endpoint.client.post(endpoint.path, body);
          expect([endpoint.path, [400, 404].includes(unknown.status)]).toEqual([endpoint.path, true]);
          errorBody(unknown);
          for (const id of [
            'no-uuid',
            '../../x',
            '00000000-0000-4000-8000-00000000000',
            `${body[ids[0] ?? '']}\u0000`,
          ]) {
            const wrong = await endpoint.client.post(endpoint.path, { ...body, [ids[0] ?? '']: id });
            expect([endpoint.path, id, wrong.status]).toEqual([endpoint.path, id, 400]);
          }
        }
      }
      expect(await snapshot(system)).toBe(before);
    });

    it('random JSON is answered everywhere', async (system) => {
      for (const endpoint of await allEndpoints(system)) {
        const fields = Object.keys(endpoint.schema.properties ?? { a: {} });
        const body = fc.oneof(
          fc.jsonValue(),
          fc.dictionary(fc.constantFrom(...fields, '__proto__', 'constructor'), fc.jsonValue({ maxDepth: 3 })),
        );
        for (const value of fc.sample(body, { seed, numRuns: 15 })) {
          const raw = JSON.stringify(value);
          expectSane(`${endpoint.path} ${raw}`, await endpoint.client.post(endpoint.path, undefined, { raw }));
        }
      }
    }, 120_000);

    it('deeply nested JSON is answered everywhere', async (system) => {
      const deep = (open: string, close: string, inner: string) =>
        `${open.repeat(50_000)}${inner}${close.repeat(50_000)}`;
      for (const endpoint of await allEndpoints(system)) {
        for (const field of Object.keys(endpoint.schema.properties ?? {})) {
          for (const nested of [deep('[', ']', ''), deep('{"a":', '}', '1')]) {
            const raw = JSON.stringify({ ...plausible(endpoint.schema), [field]: 'HERE' }).replace('"HERE"', nested);
            expectSane(`${endpoint.path} ${field}`, await endpoint.client.post(endpoint.path, undefined, { raw }));
          }
        }
      }
    }, 180_000);

    // Contract, Filters: malformed query -> 400. A filter may cost time, never the service.
    it('hostile filters are answered in time', async (system) => {
      await prepared(system);
      for (const [name, filters] of Object.entries(hostileFilters)) {
        const answer = await system.api.post('/conversations.list', { filters });
        expect([name, answer.status === 200 || answer.status === 400]).toEqual([name, true]);
        if (answer.status === 400) expect(errorBody(answer).field).toBe('filters');
      }
    }, 120_000);

    it('random filters are answered in time', async (system) => {
      const pieces = fc.constantFrom(
        'id',
        ':',
        '"',
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        ' TO ',
        '*',
        '?',
        '~',
        '^',
        '\\',
        '/',
        '+',
        '-',
        '!',
        ' AND ',
        ' OR ',
        ' NOT ',
        '&&',
        '||',
        'display_name',
        'unread_count',
        'created_at',
        'metadata.a',
        '1',
        '-1',
        'é',
        '\u0000',
        '\ud800',
        ' ',
        '.',
      );
      const random = fc.array(pieces, { maxLength: 25 }).map((parts) => parts.join(''));
      for (const filters of fc.sample(random, { seed, numRuns: 300 })) {
        const answer = await system.api.post('/conversations.list', { filters, page_size: 1 });
        expectSane(`filters ${JSON.stringify(filters)}`, answer);
        expect([200, 400]).toContain(answer.status);
      }
    });

    it('numbers out of all bounds are refused or taken, never failed on', async (system) => {
      const own = await prepared(system);
      const numbers = ['1e308', '-1e308', '1e999', '9007199254740993', '-1', '0', '1.5', '99999999999999999999', '-0'];
      for (const number of numbers) {
        for (const field of ['page_size', 'cursor']) {
          const raw = `{"${field}":${number}}`;
          expectSane(raw, await system.api.post('/conversations.list', undefined, { raw }));
          const list = `{"conversation_id":"${conversation}","${field}":${number}}`;
          expectSane(list, await system.api.post('/messages.list', undefined, { raw: list }));
        }
        const message = JSON.stringify(own.message(unique('n'), { sent_at: 'HERE' })).replace('"HERE"', number);
        const raw = `{"messages":[${message}]}`;
        expectSane(raw, await own.ingest.post('/sources.webhook', undefined, { raw }));
        const data = `{"subject":"conversation","id":"${conversation}","data":{"n":${number}}}`;
        expectSane(data, await system.api.post('/metadata.upsert', undefined, { raw: data }));
      }
      // Whatever was taken can be shown.
      await system.api.expect(200, '/conversations.list', { page_size: 10_000 });
      expect((await conversationInfo(system.api, conversation)).created_at).toBe(new Date(baseTime).toISOString());
    });

    it('keys that are special in JavaScript stay data', async (system) => {
      const own = await prepared(system);
      const keys = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
      for (const key of keys) {
        for (const inner of ['{"polluted":true}', '{"prototype":{"polluted":true}}', '1', '"text"']) {
          const object = `{"${key}":${inner},"deep":{"${key}":${inner}},"a.${key}.b":1}`;
          const upsert = `{"subject":"conversation","id":"${conversation}","data":${object}}`;
          expectSane(upsert, await system.api.post('/metadata.upsert', undefined, { raw: upsert }));
          const name = unique('p');
          const message = JSON.stringify(own.message(name, { content: 'HERE' })).replace('"HERE"', object);
          const webhook = `{"messages":[${message}],"metadata":[{"namespace":"conversation","source_id":"${name}","metadata":${object}}]}`;
          expectSane(webhook, await own.ingest.post('/sources.webhook', undefined, { raw: webhook }));
          expectSane(
            key,
            await system.api.post('/conversations.list', { filters: `metadata.user_data.${key}.polluted:true` }),
          );
        }
      }
      const fresh = await own.conversation();
      expect(JSON.stringify(await conversationInfo(system.api, fresh))).not.toContain('polluted');
      expect(JSON.stringify(await conversationInfo(system.api, fresh))).not.toContain('user_data');
    });

    it('text of every kind is stored and found again, or refused', async (system) => {
      const texts = [
        '\u0000',
        '\ud800',
        '\uffff',
        '\u202e',
        'x'.repeat(1_000_000),
        '"',
        "'; drop table",
        '<script>',
        '../..',
        '%00',
        '\r\nX: y',
      ];
      for (const display_name of texts) {
        const body = { conversation_id: conversation, display_name };
        expectSane(short(display_name), await system.api.post('/conversations.update-contact', body));
        await conversationInfo(system.api, conversation);
      }
      await system.api.expect(204, '/conversations.update-contact', {
        conversation_id: conversation,
        display_name: 'Grace',
      });
    });
  });

  describe('bodies that are too large', () => {
    /** Writes all of it, however early the answer comes: undici would end the request instead. */
    const postLarge = (url: string, token: string | null, bytes: number, chunked: boolean): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const headers = {
          'content-type': 'application/json',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes }),
        };
        const outgoing = httpRequest(url, { method: 'POST', headers, timeout: 15_000 }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve(new Answer(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString())),
          );
        });
        outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
        outgoing.on('error', reject);
        outgoing.end(Buffer.alloc(bytes, 'x'));
      });

    // Design: bad input gets a JSON error.
    it('10 MB are refused with 413 everywhere', async (system) => {
      const endpoints = await allEndpoints(system);
      for (const { path, client } of endpoints) {
        for (const chunked of [false, true]) {
          const answer = await postLarge(`${client.baseUrl}${path}`, client.bearer, 10_000_000, chunked);
          expect([path, chunked, answer.status]).toEqual([path, chunked, 413]);
          errorBody(answer);
        }
      }
      for (const path of ['/facebook', '/twilio']) {
        const answer = await postLarge(`${system.url('ingest')}${path}`, null, 10_000_000, false);
        expect([400, 401, 403, 413]).toContain(answer.status);
        errorBody(answer);
      }
    }, 120_000);

    it('without a token even that is a 401', async (system) => {
      for (const chunked of [false, true]) {
        const answer = await postLarge(`${system.url('api')}/conversations.list`, null, 10_000_000, chunked);
        expect(answer.status).toBe(401);
      }
    });
  });
});
