/** Payloads as Meta and Twilio send them, and their delivery with a good signature. */
import { type System, secrets } from '../harness';
import type { Answer, Json, JsonObject } from './client';
import { metaSha256, twilio } from './signatures';
import { unique } from './world';

export type Messaging = JsonObject;

export interface MetaPage {
  readonly object: 'page' | 'instagram';
  readonly id: string;
}

export function entry(page: MetaPage, messaging: readonly Messaging[], fields: JsonObject = {}): JsonObject {
  return { object: page.object, entry: [{ id: page.id, time: 1714550400123, messaging: [...messaging], ...fields }] };
}

/** What happened between a contact and a page, apart from what it was. */
export function from(contact: string, page: MetaPage, timestamp: number, what: JsonObject): Messaging {
  return { sender: { id: contact }, recipient: { id: page.id }, timestamp, ...what };
}

export function echo(contact: string, page: MetaPage, timestamp: number, message: JsonObject): Messaging {
  return { sender: { id: page.id }, recipient: { id: contact }, timestamp, message: { is_echo: true, ...message } };
}

export function text(value: string, mid = unique('m_')): JsonObject {
  return { message: { mid, text: value } };
}

/** Posts to the Meta webhook, signed with the app secret unless the headers given say otherwise. */
export function postToMeta(system: System, body: Json, headers?: Record<string, string>): Promise<Answer> {
  const raw = JSON.stringify(body);
  return system.ingest.post('/facebook', undefined, {
    token: null,
    raw,
    headers: headers ?? metaSha256(secrets.facebookApp, raw),
  });
}

export function smsForm(fields: Record<string, string> = {}): Record<string, string> {
  return {
    ToCountry: 'DE',
    MessageSid: unique('SM'),
    AccountSid: 'AC0123456789',
    ApiVersion: '2010-04-01',
    SmsStatus: 'received',
    NumSegments: '1',
    NumMedia: '0',
    From: '+4915112345678',
    To: '+491234567',
    Body: 'Hi there & good day',
    ...fields,
  };
}

export function postToTwilio(
  system: System,
  form: Record<string, string>,
  headers?: Record<string, string>,
): Promise<Answer> {
  const url = `${system.url('ingest')}/twilio`;
  return system.ingest.post('/twilio', undefined, {
    token: null,
    raw: new URLSearchParams(form).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(headers ?? twilio(secrets.twilioToken, url, form)),
    },
  });
}
