import { createHmac } from 'node:crypto';
import { between, digits, hex, type Random } from './random';
import type { WebhookRequest } from './request';

/** Webhooks of Twilio for SMS and WhatsApp ("Twilio's request to your webhook URL"). */

export interface TwilioParty {
  readonly accountSid: string;
  /** Our number, with `whatsapp:` before it where it is one. */
  readonly to: string;
  readonly from: string;
  /** WhatsApp tells the contact's name. */
  readonly profileName?: string;
}

export interface TwilioMessage {
  readonly sid: string;
  readonly text: string;
  readonly media?: readonly { readonly url: string; readonly contentType: string }[];
}

export type TwilioForm = Readonly<Record<string, string>>;

export const twilioSid = (random: Random): string => `SM${hex(random, 32)}`;

export function phoneNumber(random: Random, dial: string): string {
  return `${dial}${digits(random, between(random, 9, 10))}`;
}

export function twilioPicture(random: Random): NonNullable<TwilioMessage['media']>[number] {
  return { url: `https://api.twilio.com/2010-04-01/Media/ME${hex(random, 32)}`, contentType: 'image/jpeg' };
}

export function twilioMessage(party: TwilioParty, { sid, text, media = [] }: TwilioMessage): TwilioForm {
  const pictures = media.flatMap(({ url, contentType }, i) => [
    [`MediaUrl${i}`, url],
    [`MediaContentType${i}`, contentType],
  ]);
  return {
    ToCountry: 'DE',
    MessageSid: sid,
    SmsMessageSid: sid,
    SmsSid: sid,
    AccountSid: party.accountSid,
    ApiVersion: '2010-04-01',
    SmsStatus: 'received',
    NumSegments: '1',
    NumMedia: String(media.length),
    From: party.from,
    To: party.to,
    ...(party.profileName ? { ProfileName: party.profileName, WaId: party.from.replace(/\D/g, '') } : {}),
    ...Object.fromEntries(pictures),
    Body: text,
  };
}

/** Signed as Twilio does: HMAC-SHA1 over the public URL and the sorted parameters, names and values run together. */
export function twilioRequest(authToken: string, publicUrl: string, form: TwilioForm): WebhookRequest {
  const sorted = Object.entries(form).sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = publicUrl + sorted.map(([name, value]) => name + value).join('');
  return {
    path: '/twilio',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', authToken).update(signed, 'utf8').digest('base64'),
    },
    body: new URLSearchParams(form).toString(),
  };
}
