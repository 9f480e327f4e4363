import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { RegistryError } from '@parley/contracts';
import { type ForSchemaOptions, Type } from 'avsc';
import { type Json, NoneSuch, type RegistryAddress, RegistryTransport } from './transport';

type ClientOptions = ConstructorParameters<typeof SchemaRegistry>[0];
type Middleware = NonNullable<ClientOptions['middlewares']>[number];
type Response = Awaited<ReturnType<NonNullable<ReturnType<Middleware>['response']>>>;
type RawSchema = Parameters<SchemaRegistry['register']>[0];

const { FULL_TRANSITIVE } = COMPATIBILITY;

/**
 * @kafkajs/confluent-schema-registry, asked for what we need. Every call ends within seconds and throws
 * REGISTRY_UNAVAILABLE or REGISTRY_REFUSED where it can't answer.
 */
export class RegistryApi {
  private readonly transport: RegistryTransport;
  private readonly client: SchemaRegistry;
  private readonly url: string;
  /** What was parsed into the client's types: they forget logical types and the attributes of others. */
  private readonly texts = new WeakMap<Type, object>();

  constructor(address: RegistryAddress) {
    this.url = address.url.replace(/\/$/, '');
    this.transport = new RegistryTransport(address);
    this.client = new SchemaRegistry(
      { host: this.url, clientId: 'parley', middlewares: [overTransport(this.transport)] },
      { [SchemaType.AVRO]: { typeHook: (schema, options) => this.remembered(schema, options) } },
    );
  }

  /** Undefined where there is none of Avro. */
  async schema(id: number): Promise<object | undefined> {
    try {
      const found: unknown = await this.client.getSchema(id);
      if (!(found instanceof Type)) return undefined;
      const text = this.texts.get(found) ?? found.schema({ exportAttrs: true });
      return typeof text === 'object' ? text : { type: text };
    } catch (error) {
      // It can't be read, or is of a kind that the client does not know.
      if (isArgumentError(error)) return undefined;
      return noneOr(error);
    }
  }

  /** Id of the subject's version that has just this text. */
  async lookUp(subject: string, schema: object): Promise<number | undefined> {
    return this.client.getRegistryIdBySchema(subject, schema as RawSchema).catch(noneOr);
  }

  /** Id of a version of the subject. */
  async version(subject: string, version: number | 'latest'): Promise<number | undefined> {
    return this.client.getRegistryId(subject, version).catch(noneOr);
  }

  /**
   * Registers the schema and holds the subject to FULL_TRANSITIVE.
   * @returns the id
   * @throws SCHEMA_INCOMPATIBLE
   */
  async register(subject: string, schema: object): Promise<number> {
    try {
      const { id } = await this.client.register(schema as RawSchema, { subject, compatibility: FULL_TRANSITIVE });
      return id;
    } catch (error) {
      if (nameOf(error) !== 'ConfluentSchemaRegistryCompatibilityError') throw error;
      throw new RegistryError('REGISTRY_REFUSED', `${subject}: ${(error as Error).message}`, { subject });
    }
  }

  /** Quiet where the registry has no rules for a subject that does not exist yet. */
  async holdToFullTransitive(subject: string): Promise<void> {
    // The client sets a rule only after the first version, and refuses a subject that has another one.
    const url = `${this.url}/config/${encodeURIComponent(subject)}`;
    const rule = JSON.stringify({ compatibility: FULL_TRANSITIVE });
    await this.transport.send('PUT', url, rule).catch(noneOr);
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  /** Undefined where the client is to parse it: one that refers to others is no schema by itself. */
  private remembered(schema: unknown, options: ForSchemaOptions & { referencedSchemas?: readonly unknown[] }) {
    if (options.referencedSchemas?.length || typeof schema !== 'object' || schema === null) return undefined;
    const type = Type.forSchema(schema as never, { ...options, typeHook: undefined as never });
    this.texts.set(type, schema);
    return type;
  }
}

/**
 * The last of the client's middlewares, which stands before all others when it comes to the answer: it sends the request
 * itself. The client's own way throws the error code away, by which alone a schema that does not exist differs from
 * a proxy that does not know the path; it ends the process where a failure's body is `null`, and never settles where an
 * answer breaks off.
 */
function overTransport(transport: RegistryTransport): Middleware {
  return () => ({
    response: async (_next, _renew, request) => {
      const body = request.body();
      const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
      return answering(await transport.send(request.method().toUpperCase(), request.url(), text));
    },
  });
}

/** The client looks at nothing else of an answer. */
function answering(json: Json): Response {
  return { data: () => json } as unknown as Response;
}

/** Undefined where the registry says that there is none such. */
function noneOr(error: unknown): undefined {
  // The client puts a 404 into an error of its own, whose class it does not export.
  if (error instanceof NoneSuch || nameOf(error) === 'ConfluentSchemaRegistryError') return;
  throw error;
}

function isArgumentError(error: unknown): boolean {
  return nameOf(error) === 'ConfluentSchemaRegistryArgumentError';
}

function nameOf(error: unknown): unknown {
  return (error as { readonly name?: unknown } | undefined)?.name;
}
