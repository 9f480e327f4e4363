import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SchemaRegistry as ForeignRegistry } from '@kafkajs/confluent-schema-registry';
import { Codec, isSameSchema, registerSchemas, topics } from '@parley/contracts';
import { describeWithKafka } from '@parley/kafka-dev';
import { pino } from 'pino';
import { testRegistryContract } from '../registry-contract-suite';
import { type ConfluentRegistryOptions, openConfluentRegistry } from './registry';

const logger = pino({ level: 'silent' });
const subject = 'topic-test.Person';
const schema = {
  type: 'record',
  name: 'Person',
  namespace: 'test',
  fields: [{ name: 'name', type: 'string', doc: 'the whole' }],
};

describeWithKafka('the Confluent registry', (kafka) => {
  const open = (prefix: string) => openConfluentRegistry({ url: kafka().registryUrl, prefix, logger });

  testRegistryContract('Confluent', async () => {
    const prefix = `${randomUUID()}.`;
    return { registry: open(prefix), again: async () => open(prefix), destroy: async () => undefined };
  });

  it('says of what was never deployed that it has to be', async () => {
    const registry = open(`${randomUUID()}.`);
    const unregistered = { code: 'SCHEMA_UNREGISTERED', message: expect.stringMatching(/topic-test.Person.*deploy/) };
    await expect(registry.idOf(subject, schema)).rejects.toMatchObject(unregistered);
    await registry.register(subject, schema);
    const fields = [...schema.fields, { name: 'age', type: 'int', default: 0 }];
    await expect(registry.idOf(subject, { ...schema, fields })).rejects.toMatchObject(unregistered);
    expect(await registry.idOf(subject, schema)).toBeGreaterThan(0);
  });

  it('keeps installations apart by their prefix', async () => {
    const [one, other] = [open(`${randomUUID()}.`), open(`${randomUUID()}.`)];
    await one.register(subject, schema);
    await expect(other.idOf(subject, schema)).rejects.toMatchObject({ code: 'SCHEMA_UNREGISTERED' });
    const otherwise = { ...schema, fields: [{ name: 'name', type: 'int' }] };
    expect(await other.register(subject, otherwise)).toMatchObject({ isNew: true });
  });

  it('takes a schema that others registered in another layout, also behind newer ones, for ours', async () => {
    const prefix = `${randomUUID()}.`;
    const { namespace, name, type } = schema;
    const laidOut = { namespace, fields: [{ type: 'string', name: 'name' }], name, type };
    const newer = { ...laidOut, fields: [...laidOut.fields, { name: 'age', type: 'int', default: 0 }] };
    const ids: number[] = [];
    for (const version of [laidOut, newer]) {
      const answer = await fetch(`${kafka().registryUrl}/subjects/${prefix}${subject}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schema: JSON.stringify(version, null, 2) }),
      });
      ids.push(((await answer.json()) as { id: number }).id);
    }
    expect(await open(prefix).idOf(subject, schema)).toBe(ids[0]);
  });

  it('gives a schema that refers to others whole', async () => {
    const prefix = `${randomUUID()}.`;
    const versions = (name: string) => `${kafka().registryUrl}/subjects/${prefix}${name}/versions`;
    const post = async (name: string, body: object) => {
      const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
      const answer = await fetch(versions(name), { method: 'POST', headers, body: JSON.stringify(body) });
      return ((await answer.json()) as { id: number }).id;
    };
    await post('person', { schema: JSON.stringify(schema) });
    const fields = [{ name: 'owner', type: 'test.Person' }];
    const pet = JSON.stringify({ type: 'record', name: 'Pet', namespace: 'test', fields });
    const references = [{ name: 'test.Person', subject: `${prefix}person`, version: 1 }];
    const found = await open(prefix).schemaOf(await post('pet', { schema: pet, references }));
    const whole = { type: 'record', name: 'Pet', namespace: 'test', fields: [{ name: 'owner', type: schema }] };
    expect(isSameSchema(found ?? {}, whole)).toBe(true);
  });

  it('other clients read what we write, and we what they write', async () => {
    const registry = open(`${randomUUID()}.`);
    const [registered] = await registerSchemas(registry, [topics.tags]);
    const codec = await Codec.open(topics.tags, registry);
    const tag = { id: 't-1', accountId: 1, name: 'Zoë', color: 'tag-red', createdAt: 1_714_550_400_000 };
    const foreign = new ForeignRegistry({ host: kafka().registryUrl });
    expect({ ...(await foreign.decode(codec.encode('Tag', tag))) }).toEqual(tag);
    expect(await codec.decode(await foreign.encode(registered?.id ?? 0, tag))).toEqual({ type: 'Tag', value: tag });
  });
});

/** A registry of our own that answers as it is told to. */
class Stand {
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[] = [];
  answer: (req: IncomingMessage, res: ServerResponse) => void = () => undefined;
  private readonly server: Server = createServer((req, res) => {
    this.asked.push({ path: `${req.method} ${req.url}`, authorization: req.headers.authorization });
    this.answer(req, res);
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api`;
  }

  says(status: number, body: unknown): void {
    this.answer = (_req, res) => {
      res.writeHead(status, { 'content-type': 'application/json' });
      res.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('a registry that does not do as it should', () => {
  let stand: Stand;
  let dir: string;
  let opened: { close(): Promise<void> }[];
  const open = (options: Partial<ConfluentRegistryOptions> = {}) => {
    const registry = openConfluentRegistry({ url: stand.url, logger, ...options });
    opened.push(registry);
    return registry;
  };

  beforeEach(async () => {
    opened = [];
    stand = new Stand();
    await stand.listen();
    dir = mkdtempSync(join(tmpdir(), 'parley-confluent-'));
  });
  afterEach(async () => {
    // They may still be writing what they keep.
    await Promise.all(opened.map((registry) => registry.close()));
    await stand.close();
    rmSync(dir, { recursive: true });
  });

  const unavailable = { code: 'REGISTRY_UNAVAILABLE', retryable: true };

  it.each([
    ['a failure without words', 500, ''],
    ['a body that is null', 502, 'null'],
    ['a proxy’s page', 503, '<html>'],
    ['a path that a proxy does not know', 404, { message: 'no such page' }],
    ['too many requests', 429, {}],
    ['an answer that is no JSON', 200, '<html>'],
  ])('%s is no reason to give a record up', async (_what, status, body) => {
    stand.says(status, body);
    await expect(open().schemaOf(7)).rejects.toMatchObject(unavailable);
    await expect(open().idOf(subject, schema)).rejects.toMatchObject(unavailable);
  });

  it('nobody waits for ever: not for an answer, not for its end, not for a connection', async () => {
    const ended = Promise.all([
      expect(open().schemaOf(7)).rejects.toMatchObject(unavailable),
      expect(open({ url: 'http://127.0.0.1:9/api' }).schemaOf(7)).rejects.toMatchObject(unavailable),
    ]);
    await ended;
    stand.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.write('{"sch');
    };
    await expect(open().schemaOf(7)).rejects.toMatchObject(unavailable);
    stand.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      res.write('{"sch', () => res.destroy());
    };
    await expect(open().schemaOf(7)).rejects.toMatchObject(unavailable);
  });

  it.each([401, 403])('%d is final, and tells no password', async (status) => {
    stand.says(status, { message: 'go away' });
    const refused = await open({ username: 'me', password: 'hunter2' })
      .schemaOf(7)
      .catch((error: Error) => error);
    expect(refused).toMatchObject({ code: 'REGISTRY_REFUSED', retryable: false });
    expect(JSON.stringify(refused) + String(refused)).not.toContain('hunter2');
    const basic = `Basic ${Buffer.from('me:hunter2').toString('base64')}`;
    expect(stand.asked).toEqual([{ path: 'GET /api/schemas/ids/7', authorization: basic }]);
  });

  it('asks once for an id that many want, and never again for one that it knows', async () => {
    stand.says(200, { schema: JSON.stringify(schema) });
    const registry = open();
    const all = await Promise.all(Array.from({ length: 50 }, () => registry.schemaOf(7)));
    expect(all.every((found) => found === all[0])).toBe(true);
    expect(all[0]).toEqual(schema);
    await registry.schemaOf(7);
    expect(stand.asked).toHaveLength(1);
  });

  it('asks again for what there was not, and after a failure', async () => {
    const registry = open();
    stand.says(404, { error_code: 40403, message: 'Schema not found' });
    expect(await registry.schemaOf(7)).toBeUndefined();
    stand.says(500, {});
    await expect(registry.schemaOf(7)).rejects.toMatchObject(unavailable);
    stand.says(200, { schema: JSON.stringify(schema) });
    expect(await registry.schemaOf(7)).toEqual(schema);
  });

  it('gives a schema just as it is registered', async () => {
    const type = { type: 'long', logicalType: 'timestamp-millis', since: 'then' };
    const fields = [{ name: 'at', type, default: 0, aliases: ['when'], doc: 'of birth', personal: true }];
    const registered = { type: 'record', name: 'Person', namespace: 'test', aliases: ['Human'], doc: 'one', fields };
    stand.says(200, { schema: JSON.stringify(registered) });
    expect(await open().schemaOf(7)).toEqual(registered);
  });

  it.each([
    ['Protobuf', { schemaType: 'PROTOBUF', schema: 'syntax = "proto3";' }],
    ['JSON Schema', { schemaType: 'JSON', schema: '{"type":"object"}' }],
    ['nonsense', { schema: '{' }],
  ])('an id of %s is none of Avro', async (_what, body) => {
    stand.says(200, body);
    expect(await open().schemaOf(7)).toBeUndefined();
  });

  describe('with a file to keep what it said', () => {
    const known = () => {
      stand.answer = (req, res) => {
        const body = req.method === 'POST' ? { id: 7, version: 1, schema: '' } : { schema: JSON.stringify(schema) };
        res.writeHead(200, { 'content-type': 'application/json' });
        res.end(JSON.stringify(body));
      };
    };
    const kept = async (options: Partial<ConfluentRegistryOptions> = {}) => {
      const cacheFile = join(dir, 'deeper', 'schemas.json');
      known();
      const first = open({ cacheFile, ...options });
      await first.idOf(subject, schema);
      await first.schemaOf(9);
      await first.close();
      return cacheFile;
    };

    it('a process starts again while the registry is away', async () => {
      const cacheFile = await kept();
      stand.says(503, {});
      const again = open({ cacheFile });
      expect(await again.idOf(subject, schema)).toBe(7);
      expect(await again.schemaOf(9)).toEqual(schema);
      await expect(again.schemaOf(10)).rejects.toMatchObject(unavailable);
      await expect(again.idOf('other', schema)).rejects.toMatchObject(unavailable);
    });

    it('and reads what others wrote under the ids that it was told', async () => {
      const cacheFile = await kept();
      stand.says(503, {});
      expect(await open({ cacheFile }).schemaOf(7)).toEqual(schema);
    });

    it('it is said once that it is away, and once that it answers again', async () => {
      const cacheFile = await kept();
      const lines: string[] = [];
      const say = (...[, text]: [object, string]) => void lines.push(text);
      const told = { warn: say, info: (text: string) => void lines.push(text) } as never;
      stand.says(503, {});
      const again = open({ cacheFile, logger: told });
      await Promise.all(
        [again.idOf(subject, schema), again.schemaOf(7), again.schemaOf(9)].map((one) => one.catch(() => 0)),
      );
      await expect(again.schemaOf(10)).rejects.toMatchObject(unavailable);
      expect(lines).toEqual([expect.stringContaining('does not answer')]);
      known();
      await again.schemaOf(10);
      await again.schemaOf(11);
      expect(lines).toEqual([expect.anything(), expect.stringContaining('answers again')]);
    });

    it('one that answers is believed, whatever the file says', async () => {
      const cacheFile = await kept();
      stand.says(200, { id: 8, version: 1, schema: '' });
      expect(await open({ cacheFile }).idOf(subject, schema)).toBe(8);
      stand.says(404, { error_code: 40401 });
      await expect(open({ cacheFile }).idOf(subject, schema)).rejects.toMatchObject({ code: 'SCHEMA_UNREGISTERED' });
    });

    it('another registry’s file is not used, nor one that can’t be read', async () => {
      const cacheFile = await kept({ prefix: 'other.' });
      stand.says(503, {});
      await expect(open({ cacheFile }).idOf(subject, schema)).rejects.toMatchObject(unavailable);
      writeFileSync(cacheFile, readFileSync(cacheFile).subarray(0, 20));
      await expect(open({ cacheFile, prefix: 'other.' }).idOf(subject, schema)).rejects.toMatchObject(unavailable);
    });
  });
});
