import { Type } from '@sinclair/typebox';
import type { Domain } from '../../domain/domain';
import { tagColors } from '../../domain/tags';
import { type Endpoint, read, write } from '../../http/endpoint';
import { OneOf, Text, Uuid } from '../../http/schema';
import { renderTag } from './render';
import { TagShape } from './shapes';

const Color = OneOf(tagColors, 'colour that it is shown in');

export function tagEndpoints({ tags }: Domain): readonly Endpoint[] {
  return [
    write({
      path: '/tags.create',
      summary: 'Makes a tag; names need not be unique',
      request: Type.Object({ name: Text('as shown'), color: Color }),
      access: 'api',
      responses: { 201: { description: 'the tag', schema: TagShape } },
      handle: async ({ name, color }, command) => ({
        status: 201,
        body: renderTag(await tags.create(name, color, command)),
      }),
    }),
    write({
      path: '/tags.update',
      summary: 'Changes what is given of a tag',
      request: Type.Object({
        id: Uuid('the tag'),
        name: Type.Optional(Text('new name')),
        color: Type.Optional(Color),
      }),
      access: 'api',
      responses: { 204: { description: 'done' } },
      handle: async ({ id, ...set }, command) => {
        await tags.update(id, set, command);
        return { status: 204 };
      },
    }),
    write({
      path: '/tags.delete',
      summary: 'Deletes a tag; conversations keep its id',
      request: Type.Object({ id: Uuid('the tag') }),
      access: 'api',
      responses: { 204: { description: 'done' } },
      handle: async ({ id }, command) => {
        await tags.delete(id, command);
        return { status: 204 };
      },
    }),
    read({
      path: '/tags.list',
      summary: 'All tags',
      request: Type.Object({}),
      access: 'api',
      responses: {
        200: {
          description: 'the same list under both names, oldest first',
          schema: Type.Object({ data: Type.Array(TagShape), tags: Type.Array(TagShape) }),
        },
      },
      handle: async (_, caller) => {
        const all = (await tags.list(caller)).map(renderTag);
        return { status: 200, body: { data: all, tags: all } };
      },
    }),
  ];
}
