import { isObject, parseJson, textOrNull, type UnknownObject } from '../json';
import type { Provider, ProviderFault } from '../port';

const VERSION = 'v11.0';

export type GraphAnswer = { readonly ok: true; readonly body: UnknownObject } | ProviderFault;

const unavailable = (message: string): ProviderFault => ({ ok: false, code: 'PROVIDER_UNAVAILABLE', message });

/** One call of the Graph API. Refusals carry Meta's own text. */
export async function graph(
  provider: Provider,
  call: {
    readonly method?: 'GET' | 'POST';
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
  },
): Promise<GraphAnswer> {
  const url = `${provider.settings.facebook.apiUrl}/${VERSION}${call.path}?${new URLSearchParams(call.query)}`;
  return answerOf(await provider.client.call({ method: call.method ?? 'GET', url }));
}

/** Follows a link that Meta gave, provided that it stays on Meta's host: it is called with a token inside. */
export async function graphLink(provider: Provider, link: string): Promise<GraphAnswer> {
  const home = new URL(provider.settings.facebook.apiUrl).origin;
  if (!URL.canParse(link) || new URL(link).origin !== home) return unavailable('the next page is on another host');
  return answerOf(await provider.client.call({ method: 'GET', url: link }));
}

function answerOf(answer: { readonly status: number; readonly body: string } | undefined): GraphAnswer {
  if (!answer) return unavailable('Facebook does not answer');
  const body = parseJson(answer.body);
  if (isObject(body) && isObject(body.error)) {
    const message = textOrNull(body.error.message) ?? `Facebook refused with status ${answer.status}`;
    return { ok: false, code: 'PROVIDER_REFUSED', message };
  }
  if (answer.status !== 200 || !isObject(body)) return unavailable(`Facebook answered with status ${answer.status}`);
  return { ok: true, body };
}
