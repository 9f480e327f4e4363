import { AppError, type Call, type Config, type Reply, type Route } from '@parley/service-kit';
import { builtInAdapters, type ProviderWebhook } from '@parley/sources';
import type { RawWriter } from '../raw-writer';
import { publicUrlOf } from './public-url';

/** Webhooks of the providers whose secrets are set. Their signatures are the credential. */
export function providerRoutes(config: Config, raw: RawWriter): readonly Route[] {
  return builtInAdapters.flatMap(({ name, webhook }) => {
    if (!webhook?.enabled(config.providers)) return [];
    const receive: Route = {
      method: 'POST',
      path: webhook.path,
      auth: null,
      handle: (call) => take(call, { source: name, webhook, config, raw }),
    };
    return webhook.challenge ? [receive, challengeRoute(webhook, webhook.challenge, config)] : [receive];
  });
}

interface Taking {
  readonly source: string;
  readonly webhook: ProviderWebhook;
  readonly config: Config;
  readonly raw: RawWriter;
}

/** 200 means: on the log, durably. What it says is for the router to find out. */
async function take(call: Call, { source, webhook, config, raw }: Taking): Promise<Reply> {
  const publicUrl = publicUrlOf(call, config.publicUrl);
  const verdict = webhook.verify({ headers: call.headers, publicUrl, body: call.body }, config.providers);
  if (verdict !== 'valid') {
    throw new AppError('FORBIDDEN', {
      message: verdict === 'missing' ? 'there is no signature' : 'the signature is wrong',
    });
  }
  await raw.append(source, { key: webhook.orderingKey(call.body), accountId: null, call });
  return { status: 200 };
}

function challengeRoute(
  { path }: ProviderWebhook,
  challenge: NonNullable<ProviderWebhook['challenge']>,
  config: Config,
): Route {
  return {
    method: 'GET',
    path,
    auth: null,
    handle: ({ query }) => {
      const text = challenge(query, config.providers);
      if (text === null) throw new AppError('FORBIDDEN', { message: 'hub.verify_token is not the one that is set' });
      return { status: 200, text };
    },
  };
}
