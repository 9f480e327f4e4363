import { errorStatus } from '@parley/service-kit';
import { type TObject, type TSchema, Type } from '@sinclair/typebox';
import { shapes } from './dialects/airy/shapes';
import type { Endpoint, ResponseSpec } from './http/endpoint';
import { IDEMPOTENCY_HEADER } from './http/idempotency';
import { AT_LEAST_HEADER, POSITION_HEADER } from './http/positions';

type Node = { [key: string]: unknown };

const ErrorShape = Type.Object({
  message: Type.String(),
  code: Type.String({ enum: Object.keys(errorStatus) }),
  field: Type.Optional(Type.String({ description: 'what is to blame, dotted' })),
  errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
});

const components: Readonly<Record<string, TSchema>> = { ...shapes, Error: ErrorShape };
const nameOf = new Map<unknown, string>(Object.entries(components).map(([name, schema]) => [schema, name]));

/** A copy as plain JSON in which the named parts are references. */
function referring(node: unknown, top = false): unknown {
  const name = nameOf.get(node);
  if (name && !top) return { $ref: `#/components/schemas/${name}` };
  if (Array.isArray(node)) return node.map((inner) => referring(inner));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, referring(inner)]));
}

/** null stands for an optional field's absence. */
function requestSchema(schema: TObject): Node {
  const required = new Set(schema.required ?? []);
  const properties = Object.entries(schema.properties).map(([name, property]) => {
    const plain = referring(property);
    return [name, required.has(name) ? plain : { anyOf: [plain, { type: 'null' }] }];
  });
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.size ? { required: [...required] } : {}),
  };
}

function json(schema: unknown): Node {
  return { 'application/json': { schema } };
}

function response({ description, schema }: ResponseSpec, isWrite: boolean): Node {
  return {
    description,
    ...(isWrite
      ? {
          headers: {
            [POSITION_HEADER]: {
              description: 'where the event is, <partition>/<offset>, if the call appended one',
              schema: { type: 'string' },
            },
          },
        }
      : {}),
    ...(schema ? { content: json(referring(schema)) } : {}),
  };
}

function header(name: string, description: string): Node {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

function operation(endpoint: Endpoint, path: string): Node {
  const isWrite = endpoint.effect === 'write';
  const [noun = ''] = endpoint.path.slice(1).split('.');
  return {
    operationId: path.slice(1),
    summary: endpoint.summary,
    tags: [noun],
    ...(path === endpoint.path ? {} : { deprecated: true, description: `Another spelling of ${endpoint.path}.` }),
    security: [{ [endpoint.access]: [] }],
    parameters: [
      header(AT_LEAST_HEADER, `answer only once this ${POSITION_HEADER} has been applied`),
      ...(isWrite ? [header(IDEMPOTENCY_HEADER, 'a repetition gets the first answer and has no further effect')] : []),
    ],
    requestBody: {
      required: (endpoint.request.required ?? []).length > 0,
      content: json(requestSchema(endpoint.request)),
    },
    responses: {
      ...Object.fromEntries(
        Object.entries(endpoint.responses).map(([status, spec]) => [status, response(spec, isWrite)]),
      ),
      default: { description: 'an error', content: json(referring(ErrorShape)) },
    },
  };
}

/** The API document, from the same schemas that requests are checked with. OpenAPI 3.1. */
export function openApiDocument(endpoints: readonly Endpoint[]): Node {
  const paths = endpoints.flatMap((endpoint) =>
    [endpoint.path, ...(endpoint.aliases ?? [])].map((path) => [path, { post: operation(endpoint, path) }]),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'Parley', version: '0.1.0', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries(Object.entries(components).map(([name, schema]) => [name, referring(schema, true)])),
      securitySchemes: {
        api: { type: 'http', scheme: 'bearer', description: 'the system token' },
        source: { type: 'http', scheme: 'bearer', description: 'the token that sources.create gave' },
      },
    },
  };
}
