import { createHmac } from 'node:crypto';
import { between, digits, hex, pick, type Random, token } from './random';
import type { WebhookRequest } from './request';

/** Webhooks of Messenger and Instagram, in Meta's shapes ("Messenger Platform, Webhooks"). */

export interface MetaParty {
  /** `page` for Messenger, `instagram` for Instagram. */
  readonly object: 'page' | 'instagram';
  /** The page, or the Instagram account. */
  readonly pageId: string;
  /** The contact's id, scoped to the page. */
  readonly contactId: string;
}

/** Element of `entry[].messaging`. */
export type MetaElement = Readonly<Record<string, unknown>> & { readonly timestamp: number };

export type MetaContent = Readonly<Record<string, unknown>>;

export interface MetaMessage {
  readonly mid: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly content: MetaContent;
}

const ATTACHMENTS = [
  { type: 'image', file: 'photo.jpg' },
  { type: 'video', file: 'clip.mp4' },
  { type: 'audio', file: 'voice.m4a' },
  { type: 'file', file: 'invoice.pdf' },
] as const;

const POSTBACKS = ['START', 'TRACK_ORDER', 'TALK_TO_A_HUMAN', 'OPENING_HOURS'] as const;

const REACTIONS = [
  { reaction: 'love', emoji: '\\u{2764}\\u{FE0F}' },
  { reaction: 'smile', emoji: '😆' },
  { reaction: 'like', emoji: '\\u{1F44D}' },
] as const;

export const metaContactId = (random: Random): string => digits(random, 16);
export const metaMid = (random: Random): string => `m_${token(random, 64)}`;

const inbound = ({ pageId, contactId }: MetaParty) => ({ sender: { id: contactId }, recipient: { id: pageId } });
const outbound = ({ pageId, contactId }: MetaParty) => ({ sender: { id: pageId }, recipient: { id: contactId } });

export const metaTextContent = (text: string): MetaContent => ({ text });

export function metaAttachmentContent(random: Random): MetaContent {
  const { type, file } = pick(random, ATTACHMENTS);
  const url = `https://cdn.example.org/${hex(random, 12)}/${file}`;
  return { attachments: [{ type, payload: { url } }] };
}

export function metaQuickReplyContent(text: string): MetaContent {
  return { text, quick_reply: { payload: text.toUpperCase().replaceAll(/\P{L}+/gu, '_') } };
}

/** A message of the contact. */
export function metaMessage(party: MetaParty, { mid, at, content }: MetaMessage): MetaElement {
  return { ...inbound(party), timestamp: at, message: { mid, ...content } };
}

/** What the page said: in its own inbox, or, with an app id, through an app. */
export function metaEcho(party: MetaParty, { mid, at, content }: MetaMessage, appId?: number): MetaElement {
  return {
    ...outbound(party),
    timestamp: at,
    message: { mid, is_echo: true, ...(appId === undefined ? {} : { app_id: appId }), ...content },
  };
}

/** A button of a template or of the menu was pressed. */
export function metaPostback(random: Random, party: MetaParty, mid: string, at: number): MetaElement {
  const payload = pick(random, POSTBACKS);
  const referral =
    payload === 'START'
      ? { referral: { ref: `ad-${between(random, 1, 40)}`, source: 'SHORTLINK', type: 'OPEN_THREAD' } }
      : {};
  return {
    ...inbound(party),
    timestamp: at,
    postback: { mid, title: payload.toLowerCase().replaceAll('_', ' '), payload, ...referral },
  };
}

export function metaReaction(random: Random, party: MetaParty, mid: string, at: number): MetaElement {
  return { ...inbound(party), timestamp: at, reaction: { mid, action: 'react', ...pick(random, REACTIONS) } };
}

/** The contact has read all that the page said up to a time. */
export function metaRead(party: MetaParty, at: number, watermark: number): MetaElement {
  return { ...inbound(party), timestamp: at, read: { watermark } };
}

export function metaDelivery(party: MetaParty, at: number, mids: readonly string[]): MetaElement {
  return { ...inbound(party), timestamp: at, delivery: { mids, watermark: at } };
}

/** One request with elements of one party, signed with HMAC-SHA256 over its bytes. */
export function metaRequest(appSecret: string, party: MetaParty, elements: readonly MetaElement[]): WebhookRequest {
  const time = Math.max(...elements.map((element) => element.timestamp));
  const body = JSON.stringify({ object: party.object, entry: [{ id: party.pageId, time, messaging: elements }] });
  const signature = createHmac('sha256', appSecret).update(body).digest('hex');
  return {
    path: '/facebook',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  };
}
