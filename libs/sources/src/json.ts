import type { JsonObject } from '@parley/conversations';

export type UnknownObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is UnknownObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined if the bytes are no JSON. */
export function parseJson(bytes: Buffer | string): unknown {
  try {
    return JSON.parse(typeof bytes === 'string' ? bytes : bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** An object that came out of JSON.parse holds nothing but JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return isObject(value);
}

/** A text that says something, or a number that providers write where an id is due. */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** 9999-12-31T23:59:59.999Z: later times have no date of four digits for the year, as all answers show it. */
export const EPOCH_MS_MAX = 253_402_300_799_999;

/** Epoch milliseconds of a provider, as number or digits; undefined where it is no time. */
export function epochMs(value: unknown): number | undefined {
  const time = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof time === 'number' && Number.isInteger(time) && time > 0 && time <= EPOCH_MS_MAX ? time : undefined;
}

/** What a person reads of a payload that is a text or has one under `text`. */
export function textOfContent(content: unknown): string | null {
  if (typeof content === 'string') return content;
  return isObject(content) ? textOrNull(content.text) : null;
}

/** Levels of nesting that a message may have: deeper ones could overflow the stack of whoever prints them. */
const LEVELS_MAX = 200;

/** Whether a value out of JSON.parse is nested no deeper than what can be printed safely everywhere. */
export function isPrintable(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > LEVELS_MAX) return false;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return true;
}

/**
 * Bytes of a message's content as JSON text. It may be longer than what came (`1e20` becomes 21 digits), and one event
 * holds it together with the text in it, which is never longer.
 */
const CONTENT_BYTES_MAX = 4 * 1024 * 1024;

/** What is wrong with a message's content out of JSON.parse, without its field's name; undefined if nothing is. */
export function contentFault(content: unknown): string | undefined {
  if (!isPrintable(content)) return 'is nested too deeply';
  if (Buffer.byteLength(JSON.stringify(content)) > CONTENT_BYTES_MAX) {
    return `has more than ${CONTENT_BYTES_MAX} bytes when printed as JSON`;
  }
  return undefined;
}
