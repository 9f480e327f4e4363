import { Type } from '@sinclair/typebox';
import type { ConnectChannel } from '../port';
import { typedConnect } from '../typed-connect';
import { smsAddress, whatsappAddress } from './numbers';

const request = Type.Object({
  phone_number: Type.String({ pattern: '\\S' }),
  name: Type.String({ minLength: 1 }),
  image_url: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

/** Needs no call to Twilio: what is sent to the number comes to the account's webhook. */
function connectTo(address: (phoneNumber: string) => string): ConnectChannel {
  return typedConnect(request, async ({ phone_number, name, image_url }) => ({
    ok: true,
    sourceChannelId: address(phone_number),
    metadata: { name: JSON.stringify(name), ...(image_url ? { image_url: JSON.stringify(image_url) } : {}) },
    token: null,
  }));
}

/** `channels.twilio.sms.connect`: phone_number*, name*, image_url. */
export const connectSms = connectTo(smsAddress);
/** `channels.twilio.whatsapp.connect`: the same; the address gets its `whatsapp:` where it has none. */
export const connectWhatsapp = connectTo(whatsappAddress);
