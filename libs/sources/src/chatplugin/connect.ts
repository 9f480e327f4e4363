import { Type } from '@sinclair/typebox';
import { typedConnect } from '../typed-connect';

const request = Type.Object({
  name: Type.String({ minLength: 1 }),
  image_url: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

/** `channels.chatplugin.connect`: name*, image_url. The name is the channel: connecting it again changes its picture. */
export const connectChatplugin = typedConnect(request, async ({ name, image_url }) => ({
  ok: true,
  sourceChannelId: name,
  metadata: { name: JSON.stringify(name), ...(image_url ? { image_url: JSON.stringify(image_url) } : {}) },
  token: null,
}));
