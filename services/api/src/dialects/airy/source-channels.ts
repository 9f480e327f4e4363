import type { Channel } from '@parley/contracts';
import type { JsonObject } from '@parley/conversations';
import { AppError } from '@parley/service-kit';
import { Type } from '@sinclair/typebox';
import type { Caller } from '../../domain/command';
import type { Domain } from '../../domain/domain';
import { flatten } from '../../domain/metadata';
import { type Endpoint, read, write } from '../../http/endpoint';
import { Text, Uuid } from '../../http/schema';
import { renderChannel } from './render';
import { SourceChannelShape } from './shapes';

const CreateRequest = Type.Object({
  name: Text('as shown'),
  source_channel_id: Text('the source’s own id of it'),
  metadata: Type.Optional(Type.Unsafe<JsonObject>({ type: 'object', description: 'stands beside the name' })),
});

function sourceOf({ source }: Caller): string {
  if (source === null) throw new AppError('FORBIDDEN', { message: 'a source’s token is needed' });
  return source;
}

function render(channel: Channel) {
  return { ...renderChannel(channel), source_id: channel.source };
}

/** What a custom source calls with its own token, and sees its own channels alone. */
export function sourceChannelEndpoints({ channels }: Domain): readonly Endpoint[] {
  return [
    write({
      path: '/sources.channels.create',
      summary: 'Makes a channel of the calling source, or names it anew',
      request: CreateRequest,
      access: 'source',
      responses: { 201: { description: 'the channel', schema: SourceChannelShape } },
      handle: async ({ name, source_channel_id, metadata }, command) => {
        const source = sourceOf(command.caller);
        const flat = { ...flatten(metadata ?? {}, 'metadata'), name: JSON.stringify(name) };
        const wanted = { source, sourceChannelId: source_channel_id, metadata: flat, token: null };
        return { status: 201, body: render(await channels.connect(wanted, command)) };
      },
    }),
    read({
      path: '/sources.channels.list',
      summary: 'The calling source’s connected channels',
      request: Type.Object({}),
      access: 'source',
      responses: { 200: { description: 'by id', schema: Type.Object({ data: Type.Array(SourceChannelShape) }) } },
      handle: async (_, caller) => ({
        status: 200,
        body: { data: (await channels.list(caller, sourceOf(caller))).map(render) },
      }),
    }),
    write({
      path: '/sources.channels.disconnect',
      summary: 'Takes one of the calling source’s channels out of use',
      request: Type.Object({ channel_id: Uuid('the channel') }),
      access: 'source',
      responses: { 204: { description: 'it is disconnected' } },
      handle: async ({ channel_id }, command) => {
        await channels.disconnect(channel_id, sourceOf(command.caller), command);
        return { status: 204 };
      },
    }),
  ];
}
