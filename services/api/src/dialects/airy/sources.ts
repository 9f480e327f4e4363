import { Type } from '@sinclair/typebox';
import type { Domain } from '../../domain/domain';
import { type Endpoint, read, write } from '../../http/endpoint';
import { HttpUrl } from '../../http/schema';
import { renderSource } from './render';
import { NewSourceShape, SourceShape } from './shapes';

const source_id = Type.String({
  pattern: '^[a-z0-9][a-z0-9._-]{0,99}$',
  description: 'must be 1 to 100 lower-case letters, digits, dots, hyphens or underscores, not beginning with a sign',
});

const Description = Type.Object({
  source_id,
  name: Type.Optional(Type.String({ description: 'as shown' })),
  image_url: Type.Optional(Type.String({ description: 'picture' })),
  action_endpoint: Type.Optional(HttpUrl('where messages to send are posted to')),
});

function described(request: typeof Description.static) {
  return {
    id: request.source_id,
    name: request.name ?? null,
    imageUrl: request.image_url ?? null,
    actionEndpoint: request.action_endpoint ?? null,
  };
}

export function sourceEndpoints({ sources, tokenOf }: Domain): readonly Endpoint[] {
  return [
    write({
      path: '/sources.create',
      summary: 'Makes a custom source; it and its token can be used at once',
      request: Description,
      access: 'api',
      responses: { 200: { description: 'the source with its token', schema: NewSourceShape } },
      handle: async (request, command) => {
        const source = await sources.create(described(request), command);
        return { status: 200, body: { ...renderSource(source), token: tokenOf(source) } };
      },
    }),
    write({
      path: '/sources.update',
      summary: 'Describes a custom source anew; its token stays good',
      request: Description,
      access: 'api',
      responses: { 200: { description: 'the source, its token not shown', schema: NewSourceShape } },
      handle: async (request, command) => {
        const source = await sources.update(described(request), command);
        return { status: 200, body: { ...renderSource(source), token: null } };
      },
    }),
    write({
      path: '/sources.delete',
      summary: 'Deletes a custom source; its token is refused from now on',
      request: Type.Object({ source_id: Type.String({ minLength: 1, description: 'the source' }) }),
      access: 'api',
      responses: { 202: { description: 'it is not there any more' } },
      handle: async (request, command) => {
        await sources.delete(request.source_id, command);
        return { status: 202 };
      },
    }),
    read({
      path: '/sources.list',
      summary: 'All custom sources',
      request: Type.Object({}),
      access: 'api',
      responses: { 200: { description: 'by name', schema: Type.Object({ data: Type.Array(SourceShape) }) } },
      handle: async (_, caller) => ({
        status: 200,
        body: { data: (await sources.list(caller)).map(renderSource) },
      }),
    }),
  ];
}
