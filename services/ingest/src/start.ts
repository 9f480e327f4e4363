import { topics } from '@parley/contracts';
import { openQueryClient } from '@parley/query';
import { authenticator, type ServiceContext, type ServiceParts, Table } from '@parley/service-kit';
import { builtInAdapters } from '@parley/sources';
import { chatpluginRoutes } from './http/chatplugin';
import { providerRoutes } from './http/provider-routes';
import { sourceWebhookRoute } from './http/source-webhook';
import { RawWriter } from './raw-writer';
import { topicsOfIngest } from './topics';

/** The router, wherever it runs. */
export interface RunningRouter {
  ready(): boolean;
  close(): Promise<void>;
}

/** Endpoints that put what sources send on the log, and the router that makes events of it. */
export async function startIngest(
  ctx: ServiceContext,
  startRouter: (ctx: ServiceContext) => Promise<RunningRouter>,
): Promise<ServiceParts> {
  const { config, log } = ctx;
  await log.ensureTopics(topicsOfIngest(config.partitions));
  const [channels, sources] = await Promise.all([Table.open(ctx, topics.channels), Table.open(ctx, topics.sources)]);
  const history = openQueryClient({
    urls: config.aggregatorUrls,
    token: config.systemToken,
    partitions: config.partitions,
  });
  const raw = new RawWriter(ctx);
  for (const { name } of builtInAdapters) await raw.prepare(name);
  const router = await startRouter(ctx);
  return {
    routes: [
      ...providerRoutes(config, raw),
      sourceWebhookRoute(authenticator(config, sources, ['source']), raw),
      ...chatpluginRoutes({
        jwtSecret: config.jwtSecret,
        channels,
        raw,
        history,
        visitors: authenticator(config, sources, ['visitor']),
        visitorsOrSystem: authenticator(config, sources, ['visitor', 'system']),
      }),
    ],
    ready: () => ({ ready: router.ready(), detail: { router: router.ready() ? 'running' : 'starting' } }),
    close: async () => {
      await router.close();
      await Promise.all([channels.close(), sources.close(), history.close()]);
    },
  };
}
