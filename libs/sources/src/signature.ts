import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Verdict } from './port';

/** Takes as long for a near miss as for a far one; texts of unequal length differ in nothing secret. */
export function sameText(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

export function hmac(
  algorithm: 'sha1' | 'sha256' | 'sha512',
  secret: string,
  encoding: 'hex' | 'base64',
  ...parts: readonly (string | Buffer)[]
): string {
  const digest = createHmac(algorithm, secret);
  for (const part of parts) digest.update(part);
  return digest.digest(encoding);
}

/**
 * Meta's signature, by either header; the one with SHA-256 decides where both are there.
 * Source: Meta, "Validating payloads".
 */
export function verifyHub(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
  secret: string,
): Verdict {
  const strong = headers['x-hub-signature-256'];
  const weak = headers['x-hub-signature'];
  const given = strong ?? weak;
  if (given === undefined || given === '') return 'missing';
  if (typeof given !== 'string') return 'invalid';
  const algorithm = strong === undefined ? 'sha1' : 'sha256';
  return sameText(given, `${algorithm}=${hmac(algorithm, secret, 'hex', body)}`) ? 'valid' : 'invalid';
}

/**
 * Twilio's: HMAC-SHA1 over the URL and the form's names and values, sorted by name.
 * Source: Twilio, "Validating signatures from Twilio".
 */
export function verifyTwilio(
  given: string | string[] | undefined,
  call: { readonly publicUrl: string; readonly form: URLSearchParams; readonly secret: string },
): Verdict {
  if (given === undefined || given === '') return 'missing';
  if (typeof given !== 'string') return 'invalid';
  const names = [...new Set(call.form.keys())].sort();
  // A name that comes twice counts with each distinct value, as Twilio's own library does it.
  const fields = names.flatMap((name) => [...new Set(call.form.getAll(name))].sort().map((value) => name + value));
  return sameText(given, hmac('sha1', call.secret, 'base64', call.publicUrl, ...fields)) ? 'valid' : 'invalid';
}
