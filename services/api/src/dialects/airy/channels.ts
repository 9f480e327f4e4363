import type { FlatMetadata } from '@parley/conversations';
import { AppError } from '@parley/service-kit';
import { builtInAdapters, type ConnectChannel, type ProviderFault } from '@parley/sources';
import { Type } from '@sinclair/typebox';
import type { Domain } from '../../domain/domain';
import { type Endpoint, read, write } from '../../http/endpoint';
import { Text, Uuid } from '../../http/schema';
import { renderChannel } from './render';
import { ChannelShape } from './shapes';

const OfChannel = Type.Object({ channel_id: Uuid('the channel') });
const channelAnswer = { 200: { description: 'the channel', schema: ChannelShape } } as const;

/** The fields that are given, as channel metadata. */
function given(fields: Readonly<Record<string, string | undefined>>): FlatMetadata {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, JSON.stringify(value)]])),
  );
}

const faultCodes = {
  PROVIDER_REFUSED: 'PROVIDER_REFUSED',
  PROVIDER_UNAVAILABLE: 'UNAVAILABLE',
  SOURCE_OFF: 'NOT_FOUND',
} as const satisfies Record<ProviderFault['code'], string>;

function refused(fault: ProviderFault): AppError {
  return new AppError(faultCodes[fault.code], {
    message: fault.message,
    ...(fault.code === 'PROVIDER_UNAVAILABLE' ? { retryAfterS: 5 } : {}),
  });
}

function ofSource({ channels, provider }: Domain, source: string, { request, connect }: ConnectChannel): Endpoint[] {
  return [
    write({
      path: `/channels.${source}.connect`,
      summary: `Connects a channel of ${source}; connecting it again gives the same one`,
      request,
      access: 'api',
      responses: channelAnswer,
      handle: async (body, command) => {
        const connected = await connect(body, provider);
        if (!connected.ok) throw refused(connected);
        const { sourceChannelId, metadata, token } = connected;
        const channel = await channels.connect({ source, sourceChannelId, metadata, token }, command);
        return { status: 200, body: renderChannel(channel) };
      },
    }),
    write({
      path: `/channels.${source}.disconnect`,
      summary: `Takes a channel of ${source} out of use; its conversations stay`,
      request: OfChannel,
      access: 'api',
      responses: { 204: { description: 'it is disconnected' } },
      handle: async ({ channel_id }, command) => {
        await channels.disconnect(channel_id, source, command);
        return { status: 204 };
      },
    }),
  ];
}

export function channelEndpoints(domain: Domain): readonly Endpoint[] {
  const { channels } = domain;
  return [
    read({
      path: '/channels.list',
      summary: 'All connected channels',
      request: Type.Object({ source: Type.Optional(Type.String({ description: 'of this source alone' })) }),
      access: 'api',
      responses: { 200: { description: 'by id', schema: Type.Object({ data: Type.Array(ChannelShape) }) } },
      handle: async ({ source }, caller) => ({
        status: 200,
        body: { data: (await channels.list(caller, source)).map(renderChannel) },
      }),
    }),
    read({
      path: '/channels.info',
      summary: 'One connected channel',
      request: OfChannel,
      access: 'api',
      responses: channelAnswer,
      handle: async ({ channel_id }, caller) => ({
        status: 200,
        body: renderChannel(await channels.getConnected(channel_id, caller)),
      }),
    }),
    write({
      path: '/channels.update',
      summary: 'Changes a channel’s name or picture',
      request: Type.Object({
        channel_id: Uuid('the channel'),
        name: Type.Optional(Text('new name')),
        image_url: Type.Optional(Type.String({ description: 'new picture' })),
      }),
      access: 'api',
      responses: channelAnswer,
      handle: async ({ channel_id, name, image_url }, command) => ({
        status: 200,
        body: renderChannel(await channels.update(channel_id, given({ name, image_url }), command)),
      }),
    }),
    ...builtInAdapters.flatMap(({ connect }) =>
      Object.entries(connect).flatMap(([source, part]) => ofSource(domain, source, part)),
    ),
  ];
}
