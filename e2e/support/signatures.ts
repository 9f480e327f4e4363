/**
 * How providers sign, written from their documentation and apart from the product's code, so that one mistake
 * can't hide the other.
 */
import { createHmac } from 'node:crypto';

/** Meta, "Validating Payloads": hex HMAC-SHA256 of the raw body with the app secret. */
export function metaSha256(secret: string, body: string | Buffer): Record<string, string> {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
}

/** Meta's older header: hex HMAC-SHA1. */
export function metaSha1(secret: string, body: string | Buffer): Record<string, string> {
  return { 'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}` };
}

/** Twilio, "Validating requests": base64 HMAC-SHA1 over the URL followed by the sorted names and values. */
export function twilio(token: string, url: string, form: Readonly<Record<string, string>>): Record<string, string> {
  const signed = Object.keys(form)
    .sort()
    .reduce((text, name) => `${text}${name}${form[name]}`, url);
  return { 'x-twilio-signature': createHmac('sha1', token).update(signed).digest('base64') };
}
