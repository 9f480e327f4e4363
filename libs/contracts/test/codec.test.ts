import { Type } from 'avsc';
import { schemas } from '../src/generated/schemas';
import { Codec, CodecError, RegistryError, type SchemaRegistry, topics } from '../src/index';

/** A registry as small as it can be; counts what it was asked. */
class Registry implements SchemaRegistry {
  readonly all: object[] = [];
  readonly subjects: string[] = [];
  asked = 0;
  away = false;

  async idOf(subject: string, schema: object): Promise<number> {
    this.subjects.push(subject);
    return this.all.push(schema);
  }

  async schemaOf(id: number): Promise<object | undefined> {
    this.asked++;
    if (this.away) throw new RegistryError('REGISTRY_UNAVAILABLE', 'away');
    return this.all[id - 1];
  }
}

type Field = { readonly name: string; readonly type: unknown; readonly default?: unknown };
const parse = (schema: object) => Type.forSchema(schema as never, { wrapUnions: 'never' as unknown as boolean });

/** Some value of a schema. */
function example(schema: object): never {
  return parse(schema).random() as never;
}

function frame(id: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, body]);
}

it('gives back each record of each topic as it was, in Confluent’s frame', async () => {
  for (const topic of Object.values(topics)) {
    const registry = new Registry();
    const codec = await Codec.open(topic, registry);
    expect(registry.subjects.every((subject) => subject.startsWith(`${topic.name}-`))).toBe(true);
    for (const [index, record] of topic.records.entries()) {
      const value = example(schemas[record]);
      const bytes = codec.encode(record as never, value);
      expect(bytes[0]).toBe(0);
      expect(bytes.readUInt32BE(1)).toBe(index + 1);
      const decoded = codec.decodeSync(bytes);
      expect(decoded?.type).toBe(record);
      expect(codec.encode(record as never, decoded?.value as never)).toEqual(bytes);
    }
  }
});

it('reads what an older writer wrote', async () => {
  const registry = new Registry();
  const codec = await Codec.open(topics.channels, registry);
  const { fields } = schemas.Channel as unknown as { readonly fields: readonly Field[] };
  const added = fields.filter((field) => field.default !== undefined);
  expect(added.length).toBeGreaterThan(0);
  const older = { ...schemas.Channel, fields: fields.filter((field) => !added.includes(field)) };
  const id = await registry.idOf('older', older);
  const bytes = frame(id, parse(older).toBuffer(example(older)));
  expect(codec.decodeSync(bytes)).toBeUndefined();
  const decoded = await codec.decode(bytes);
  expect(decoded.type).toBe('Channel');
  for (const field of added) expect(decoded.value).toHaveProperty(field.name, field.default);
  const { asked } = registry;
  await codec.decode(bytes);
  expect(registry.asked).toBe(asked);
});

it('reads alone, and asks for no subject', async () => {
  const registry = new Registry();
  const writer = await Codec.open(topics.tags, registry);
  const tag = example(schemas.Tag);
  const asked = registry.subjects.length;
  const reader = Codec.forReading(topics.tags, registry);
  expect(await reader.decode(writer.encode('Tag', tag))).toEqual({ type: 'Tag', value: tag });
  expect(registry.subjects).toHaveLength(asked);
  expect(() => reader.encode('Tag', tag)).toThrow(expect.objectContaining({ code: 'UNKNOWN_RECORD' }));
});

it('asks once for an id that nobody knows', async () => {
  const registry = new Registry();
  const codec = await Codec.open(topics.tags, registry);
  for (let n = 0; n < 3; n++) {
    await expect(codec.decode(frame(77, Buffer.alloc(3)))).rejects.toMatchObject({ code: 'UNKNOWN_SCHEMA_ID' });
  }
  expect(registry.asked).toBe(1);
});

it('a registry that is away is no fault of the record, and asked again', async () => {
  const registry = new Registry();
  const codec = await Codec.open(topics.tags, registry);
  const older = await registry.idOf('older', { ...schemas.Tag, doc: 'older' });
  const bytes = frame(older, parse(schemas.Tag).toBuffer(example(schemas.Tag)));
  registry.away = true;
  for (let n = 0; n < 2; n++) {
    const failure = await codec.decode(bytes).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true });
    expect(failure).not.toBeInstanceOf(CodecError);
  }
  registry.away = false;
  await expect(codec.decode(bytes)).resolves.toMatchObject({ type: 'Tag' });
});

it('asks once for an id that is of no use here, and forgets the oldest of very many', async () => {
  const registry = new Registry();
  const codec = await Codec.open(topics.tags, registry);
  const foreign = await registry.idOf('x', { type: 'record', name: 'Foreign', fields: [] });
  const useless = (id: number) => expect(codec.decode(frame(id, Buffer.alloc(0)))).rejects.toThrow(CodecError);
  await useless(foreign);
  await useless(foreign);
  expect(registry.asked).toBe(1);
  for (let id = 10_000; id < 11_000; id++) await useless(id);
  const { asked } = registry;
  await useless(10_999);
  expect(registry.asked).toBe(asked);
  await useless(foreign);
  expect(registry.asked).toBe(asked + 1);
});

it('refuses what is no frame, no Avro, or of another topic', async () => {
  const registry = new Registry();
  const codec = await Codec.open(topics.tags, registry);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(4), Buffer.from('{"id":1}')]) {
    expect(() => codec.decodeSync(bytes)).toThrow(expect.objectContaining({ code: 'BAD_FRAME' }));
  }
  expect(() => codec.decodeSync(frame(1, Buffer.from([200])))).toThrow(expect.objectContaining({ code: 'BAD_AVRO' }));
  const foreign = await registry.idOf('x', { type: 'record', name: 'Foreign', fields: [] });
  await expect(codec.decode(frame(foreign, Buffer.alloc(0)))).rejects.toMatchObject({ code: 'UNKNOWN_RECORD' });
  const unlike = await registry.idOf('x', { ...schemas.Tag, fields: [] });
  await expect(codec.decode(frame(unlike, Buffer.alloc(0)))).rejects.toMatchObject({ code: 'BAD_AVRO' });
  const unreadable = await registry.idOf('x', { type: 'nosuchtype' });
  await expect(codec.decode(frame(unreadable, Buffer.alloc(0)))).rejects.toMatchObject({ code: 'BAD_AVRO' });
});

it('names the field that does not fit', async () => {
  const codec = await Codec.open(topics.tags, new Registry());
  const value = { ...(example(schemas.Tag) as object), name: 7 } as never;
  expect(() => codec.encode('Tag', value)).toThrow(CodecError);
  expect(() => codec.encode('Tag', value)).toThrow(/bad name/);
});
