import { type Resolver, Type } from 'avsc';
import { type RecordTypes, schemas } from './generated/schemas';
import type { SchemaRegistry } from './registry';
import { subjectOf } from './subjects';
import type { RecordName, Topic } from './topics';

const MAGIC = 0;
const HEADER_BYTES = 5;
/** How long an unknown schema id is remembered as such, so that one poisoned record can't hammer the registry. */
const UNKNOWN_ID_TTL_MS = 30_000;
/** Ids remembered as of no use; anybody can write frames with any of 2^32. */
const USELESS_IDS_MAX = 1_000;

export class CodecError extends Error {
  readonly code: 'BAD_FRAME' | 'UNKNOWN_SCHEMA_ID' | 'UNKNOWN_RECORD' | 'BAD_AVRO' | 'INVALID_RECORD';

  constructor(code: CodecError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CodecError';
    this.code = code;
  }
}

/** One record with its name: a union told apart by `type`. */
export type Named<R extends RecordName> = R extends RecordName
  ? { readonly type: R; readonly value: RecordTypes[R] }
  : never;

interface Reader {
  readonly name: RecordName;
  readonly decode: (buffer: Buffer) => unknown;
}

/** Unions as plain values ('never'), so that a further branch does not change the shape of a field. */
const parse = (schema: object): Type =>
  // avsc's typings know wrapUnions as a boolean only; the option takes 'never' since 5.7.8.
  Type.forSchema(schema as never, { wrapUnions: 'never' as unknown as boolean });

const parsed = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, parse(schema)])) as Record<
  RecordName,
  Type
>;

function isRecordName(name: string): name is RecordName {
  return Object.hasOwn(parsed, name);
}

/**
 * Encodes and decodes one topic's records in Confluent's framing: byte 0, schema id (4 bytes, big-endian), Avro.
 * Ids are looked up once, when it is made: encoding is synchronous. Writers' older schemas are resolved to ours by a
 * resolver kept per id. Source: Confluent "Wire format".
 */
export class Codec<R extends RecordName> {
  private readonly readers = new Map<number, Reader>();
  /** Why an id is of no use, and how long that holds. The oldest is forgotten first. */
  private readonly useless = new Map<number, { readonly error: CodecError; readonly untilMs: number }>();
  private readonly headers = new Map<R, Buffer>();

  private constructor(
    private readonly registry: SchemaRegistry,
    private readonly records: readonly R[],
  ) {}

  static async open<R extends RecordName>(topic: Topic<R>, registry: SchemaRegistry): Promise<Codec<R>> {
    const codec = new Codec<R>(registry, topic.records);
    const ids = await Promise.all(topic.records.map((name) => registry.idOf(subjectOf(topic, name), schemas[name])));
    for (const [index, name] of topic.records.entries()) {
      const id = ids[index] as number;
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt8(MAGIC, 0);
      header.writeUInt32BE(id, 1);
      codec.headers.set(name, header);
      codec.readers.set(id, { name, decode: (buffer) => parsed[name].fromBuffer(buffer) });
    }
    return codec;
  }

  /**
   * A codec that decodes alone, and asks the registry for no subject: who reads a topic may do so though the ids that
   * its writers put there can't be looked up now.
   */
  static forReading<R extends RecordName>(topic: Topic<R>, registry: SchemaRegistry): Codec<R> {
    return new Codec<R>(registry, topic.records);
  }

  /** @throws INVALID_RECORD  the value does not fit the schema; names the field */
  encode<N extends R>(name: N, value: RecordTypes[N]): Buffer {
    const header = this.headers.get(name);
    if (!header) throw new CodecError('UNKNOWN_RECORD', `${name} is no record of this topic`);
    try {
      return Buffer.concat([header, parsed[name].toBuffer(value)]);
    } catch (cause) {
      throw new CodecError('INVALID_RECORD', `${name}: ${faultOf(parsed[name], value)}`, { cause });
    }
  }

  /**
   * Decodes a frame whose schema is known already; undefined means: call `load` with the frame first.
   * @throws BAD_FRAME, BAD_AVRO
   */
  decodeSync(frame: Buffer): Named<R> | undefined {
    if (frame.length < HEADER_BYTES || frame[0] !== MAGIC) {
      throw new CodecError('BAD_FRAME', `no Confluent frame: ${frame.length} bytes, first byte ${frame[0] ?? 'none'}`);
    }
    const reader = this.readers.get(frame.readUInt32BE(1));
    if (!reader) return undefined;
    try {
      return { type: reader.name, value: reader.decode(frame.subarray(HEADER_BYTES)) } as Named<R>;
    } catch (cause) {
      throw new CodecError('BAD_AVRO', `${reader.name}: ${(cause as Error).message}`, { cause });
    }
  }

  /**
   * Fetches the frame's schema.
   * @throws UNKNOWN_SCHEMA_ID, UNKNOWN_RECORD, BAD_AVRO (it does not resolve to ours)
   * @throws RegistryError  it can't be had now: no fault of the record
   */
  async load(frame: Buffer): Promise<void> {
    const id = frame.readUInt32BE(1);
    if (this.readers.has(id)) return;
    const known = this.useless.get(id);
    if (known && known.untilMs > Date.now()) throw known.error;
    const schema = await this.registry.schemaOf(id);
    try {
      this.readers.set(id, this.readerOf(id, schema));
    } catch (error) {
      if (error instanceof CodecError) this.remember(id, error);
      throw error;
    }
  }

  /** A schema never changes under its id, but an unknown id may be given out. */
  private remember(id: number, error: CodecError): void {
    this.useless.delete(id);
    this.useless.set(id, {
      error,
      untilMs: error.code === 'UNKNOWN_SCHEMA_ID' ? Date.now() + UNKNOWN_ID_TTL_MS : Number.POSITIVE_INFINITY,
    });
    const [oldest] = this.useless.keys();
    if (this.useless.size > USELESS_IDS_MAX && oldest !== undefined) this.useless.delete(oldest);
  }

  private readerOf(id: number, schema: object | undefined): Reader {
    if (!schema) throw new CodecError('UNKNOWN_SCHEMA_ID', `the registry has no schema ${id}`);
    const writer = parseWriter(id, schema);
    const name = (writer.name ?? '').split('.').pop() ?? '';
    if (!isRecordName(name) || !this.records.includes(name as R)) {
      throw new CodecError(
        'UNKNOWN_RECORD',
        `schema ${id} is of ${writer.name ?? 'no record'}, which this topic does not hold`,
      );
    }
    const reader = parsed[name];
    if (writer.equals(reader)) return { name, decode: (buffer) => reader.fromBuffer(buffer) };
    let resolver: Resolver;
    try {
      resolver = reader.createResolver(writer);
    } catch (cause) {
      throw new CodecError('BAD_AVRO', `schema ${id} does not resolve to ${name}: ${(cause as Error).message}`, {
        cause,
      });
    }
    return { name, decode: (buffer) => reader.fromBuffer(buffer, resolver) };
  }

  /** As decodeSync, fetching the schema where it is not known yet. */
  async decode(frame: Buffer): Promise<Named<R>> {
    const known = this.decodeSync(frame);
    if (known) return known;
    await this.load(frame);
    return this.decodeSync(frame) as Named<R>;
  }
}

/** A registry holds what anybody put there. */
function parseWriter(id: number, schema: object): Type {
  try {
    return parse(schema);
  } catch (cause) {
    throw new CodecError('BAD_AVRO', `schema ${id} can not be read: ${(cause as Error).message}`, { cause });
  }
}

function faultOf(type: Type, value: unknown): string {
  const faults: string[] = [];
  type.isValid(value, { errorHook: (path) => faults.push(path.join('.')) });
  return faults.length ? `bad ${faults.join(', ')}` : 'does not fit its schema';
}
