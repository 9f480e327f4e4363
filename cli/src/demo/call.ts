import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request as send } from 'undici';
import type { WebhookRequest } from './payloads';

const TRIES = 6;
const FIRST_DELAY_MS = 100;
/** Not the global fetch: that one leaves a listener on the signal for each call until the collector comes by. */
const agent = new Agent({ connections: 32 });

export type JsonObject = { readonly [key: string]: unknown };

export class CallFailed extends Error {
  readonly code = 'CALL_FAILED';
}

/**
 * Posts until the answer is no 5xx, as a provider does with its webhooks.
 * @returns the answer's body, `{}` where it is empty or no JSON object
 * @throws CallFailed for anything but a 2xx in the end
 */
export async function post(baseUrl: string, request: WebhookRequest, signal: AbortSignal): Promise<JsonObject> {
  const url = baseUrl + request.path;
  const { headers, body } = request;
  let reason = '';
  for (let tries = 1, delayMs = FIRST_DELAY_MS; tries <= TRIES; tries++, delayMs *= 2) {
    const answer = await send(url, { method: 'POST', headers, body, signal, dispatcher: agent })
      .then(async ({ statusCode, body }) => ({ status: statusCode, text: await body.text() }))
      .catch((error: Error) => error);
    signal.throwIfAborted();
    if (answer instanceof Error) {
      reason = answer.message;
    } else {
      const { status, text } = answer;
      if (status < 300) return objectOf(text);
      reason = `${status} ${text.slice(0, 300)}`;
      if (status < 500) break;
    }
    await sleep(delayMs, undefined, { signal });
  }
  throw new CallFailed(`POST ${request.path}: ${reason}`);
}

function objectOf(text: string): JsonObject {
  if (text === '') return {};
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under a key. @throws CallFailed if there is none */
export function objectAt(value: JsonObject, key: string): JsonObject {
  const found = value[key];
  if (!isObject(found)) throw new CallFailed(`the answer has no object ${key}`);
  return found;
}

/** The list of objects under a key. @throws CallFailed if there is none */
export function listAt(value: JsonObject, key: string): readonly JsonObject[] {
  const found = value[key];
  if (!Array.isArray(found)) throw new CallFailed(`the answer has no list ${key}`);
  return found.filter(isObject);
}

/** @throws CallFailed if there is no text under the key */
export function textAt(value: JsonObject, key: string): string {
  const found = value[key];
  if (typeof found !== 'string') throw new CallFailed(`the answer has no text ${key}`);
  return found;
}

/** @throws CallFailed if there is no number under the key */
export function numberAt(value: JsonObject, key: string): number {
  const found = value[key];
  if (typeof found !== 'number') throw new CallFailed(`the answer has no number ${key}`);
  return found;
}
