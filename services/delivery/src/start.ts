import { consumerGroups, topicSpec, topics } from '@parley/contracts';
import { openQueryClient } from '@parley/query';
import { EventWriter, maintainLog, type ServiceContext, type ServiceParts, Table } from '@parley/service-kit';
import { openProviderClient } from '@parley/sources';
import { Counter } from 'prom-client';
import { EventFeed } from './feed/event-feed';
import { ProfileFetcher } from './profiles/profile-fetcher';

/** Less than a supervisor waits for a process to end: no call outlives the service. */
const PROVIDER_TIMEOUT_MS = 5_000;

/** Delivery: what leaves the system. Asks providers who contacts are. */
export async function startDelivery(ctx: ServiceContext): Promise<ServiceParts> {
  const { config, log, registry, logger, metrics } = ctx;
  await log.ensureTopics(
    [topics.conversationEvents, topics.channels].map((topic) => topicSpec(topic, config.partitions)),
  );

  const profiles = new Counter({
    name: 'delivery_profiles_total',
    help: 'Contact profiles asked for, by source and outcome (ok, failed, skipped).',
    labelNames: ['source', 'outcome'],
    registers: [metrics],
  });
  const query = openQueryClient({
    urls: config.aggregatorUrls,
    token: config.systemToken,
    partitions: config.partitions,
  });
  const channels = await Table.open(ctx, topics.channels);
  const fetcher = new ProfileFetcher({
    query,
    channels,
    events: await EventWriter.open(log, registry),
    provider: { client: openProviderClient(PROVIDER_TIMEOUT_MS), settings: config.providers },
    logger,
    concurrency: 8,
    tries: 5,
    firstDelayMs: 1_000,
    maxDelayMs: 30_000,
    now: Date.now,
    onOutcome: (source, outcome) => profiles.inc({ source, outcome }),
  });
  const feed = await EventFeed.open(ctx, {
    group: consumerGroups.profiles.name,
    handle: (event, at) => fetcher.handle(event, at),
    inFlightMax: 10_000,
  });
  // One service of an installation keeps the log in order; this is the one that nobody waits for.
  const maintenance = maintainLog(ctx);

  return {
    routes: [],
    ready: () => (feed.failed ? { ready: false, detail: { profiles: feed.failed.message } } : { ready: true }),
    close: async () => {
      fetcher.stop();
      await maintenance.stop();
      await feed.close();
      await channels.close();
      await query.close();
    },
  };
}
