/** What can be called, and with what: from the api's own OpenAPI document, and for ingest from its documentation. */
import type { System } from '../harness';
import type { Client, Json, JsonObject } from '../support/client';
import { type CustomSource, unique } from '../support/world';

/** The part of JSON Schema that says what a field takes. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

export interface Endpoint {
  readonly path: string;
  readonly schema: Schema;
  readonly client: Client;
}

interface OpenApi {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post?: {
          readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
        };
      }
    >
  >;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const text: Schema = { type: 'string' };

/** By path; authenticate takes one field or the other, and is tried with each. */
const ingestSchemas: readonly (readonly [path: string, schema: Schema])[] = [
  [
    '/sources.webhook',
    { properties: { messages: { type: ['array', 'null'] }, metadata: { type: ['array', 'null'] } } },
  ],
  ['/chatplugin.authenticate', { properties: { channel_id: text }, required: ['channel_id'] }],
  ['/chatplugin.authenticate', { properties: { resume_token: text }, required: ['resume_token'] }],
  ['/chatplugin.resumeToken', { properties: { channel_id: text, conversation_id: text } }],
  ['/chatplugin.send', { properties: { message: {} }, required: ['message'] }],
];

/** JSON types that a schema takes; undefined where it takes any. */
export function typesOf(schema: Schema, api?: OpenApi): readonly string[] | undefined {
  if (schema.$ref !== undefined) {
    const target = api?.components?.schemas?.[schema.$ref.replace('#/components/schemas/', '')];
    return target === undefined ? undefined : typesOf(target, api);
  }
  const values = schema.const === undefined ? schema.enum : [schema.const];
  if (values !== undefined) return [...new Set(values.map(typeOf))];
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) {
    const each = branches.map((branch) => typesOf(branch, api));
    return each.some((types) => types === undefined) ? undefined : [...new Set(each.flatMap((types) => types ?? []))];
  }
  if (schema.type === undefined) return undefined;
  return typeof schema.type === 'string' ? [schema.type] : schema.type;
}

export function typeOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

export async function apiEndpoints(system: System, source: CustomSource): Promise<Endpoint[]> {
  const answer = await system.api.get('/openapi.json');
  expect(answer.status).toBe(200);
  const api = answer.json<OpenApi>();
  return Object.entries(api.paths).flatMap(([path, { post }]) => {
    if (post === undefined) return [];
    const schema = Object.values(post.requestBody?.content ?? {})[0]?.schema ?? {};
    const client = path.startsWith('/sources.channels.') ? system.api.withToken(source.token) : system.api;
    return [{ path, schema, client }];
  });
}

export async function ingestEndpoints(system: System, source: CustomSource): Promise<Endpoint[]> {
  const { id } = await system.api.expect<{ id: string }>(200, '/channels.chatplugin.connect', { name: unique('site') });
  const { token } = await system.ingest.expect<{ token: string }>(200, '/chatplugin.authenticate', { channel_id: id });
  const clients: Record<string, Client> = {
    '/sources.webhook': source.ingest,
    '/chatplugin.authenticate': system.ingest,
    '/chatplugin.resumeToken': system.ingest,
    '/chatplugin.send': system.ingest.withToken(token),
  };
  return ingestSchemas.map(([path, schema]) => ({
    path,
    schema,
    client: clients[path] ?? system.ingest,
  }));
}

/** A body with something right in every field that says what it takes, naming things that do not exist. */
export function plausible(schema: Schema): JsonObject {
  const value = (field: string, of: Schema): Json => {
    const [first] = of.enum ?? [];
    if (first !== undefined) return first;
    if (/color/.test(field)) return 'tag-red';
    if (/state$/.test(field)) return 'OPEN';
    if (/subject/.test(field)) return 'conversation';
    if (/^source(_id)?$/.test(field)) return 'nobody';
    if (/(^|_)id$/.test(field)) return '00000000-0000-4000-8000-000000000000';
    const types = typesOf(of) ?? ['object'];
    if (types.includes('string')) return 'text';
    if (types.includes('integer') || types.includes('number')) return 5;
    if (types.includes('array')) return [];
    return {};
  };
  return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([field, of]) => [field, value(field, of)]));
}
