import { topicSpec, topics } from '@parley/contracts';
import { openQueryClient } from '@parley/query';
import {
  authenticator,
  EventWriter,
  type Readiness,
  type Route,
  type ServiceContext,
  type ServiceParts,
  signSourceToken,
  Table,
} from '@parley/service-kit';
import { isBuiltInSource, openProviderClient } from '@parley/sources';
import { airyEndpoints } from './dialects/airy';
import { Channels } from './domain/channels';
import { Conversations } from './domain/conversations';
import type { Domain } from './domain/domain';
import { Sources } from './domain/sources';
import { Tags } from './domain/tags';
import { AnswerLog } from './http/answer-log';
import { Idempotency } from './http/idempotency';
import { routesOf } from './http/routes';
import { Seal } from './http/seal';
import { openApiDocument } from './openapi';

/** Topics that this service writes; the aggregator and the sources have their own. */
const written = [topics.conversationEvents, topics.channels, topics.tags, topics.sources, topics.idempotentResponses];

function documentRoute(document: object, auth: Route['auth']): Route {
  const text = JSON.stringify(document);
  const reply = { status: 200, text, contentType: 'application/json; charset=utf-8' };
  return { method: 'GET', path: '/openapi.json', auth, handle: () => reply };
}

export async function startApi(ctx: ServiceContext): Promise<ServiceParts> {
  const { config, log, registry } = ctx;
  await log.ensureTopics(written.map((topic) => topicSpec(topic, config.partitions)));
  const [channels, tags, sources, events, answers] = await Promise.all([
    Table.open(ctx, topics.channels),
    Table.open(ctx, topics.tags),
    Table.open(ctx, topics.sources),
    EventWriter.open(log, registry),
    AnswerLog.open(ctx, Date.now()),
  ]);
  const query = openQueryClient({
    urls: config.aggregatorUrls,
    token: config.systemToken,
    partitions: config.partitions,
  });

  const domain: Domain = {
    query,
    conversations: new Conversations(events, query),
    channels: new Channels(channels),
    tags: new Tags(tags),
    sources: new Sources({ table: sources, log, registry, partitions: config.partitions, isReserved: isBuiltInSource }),
    provider: { client: openProviderClient(), settings: config.providers },
    tokenOf: (source) => signSourceToken(config.jwtSecret, source),
  };
  const endpoints = airyEndpoints(domain);
  const auth = {
    api: authenticator(config, sources, ['system']),
    source: authenticator(config, sources, ['source']),
  };
  const idempotency = new Idempotency(answers, new Seal(config.jwtSecret, topics.idempotentResponses.name), Date.now);
  const routes = routesOf(endpoints, { auth, query, partitions: config.partitions, idempotency, now: Date.now });

  return {
    routes: [...routes, documentRoute(openApiDocument(endpoints), auth.api)],
    ready: async (): Promise<Readiness> => {
      try {
        const positions = await query.positions();
        return { ready: true, detail: { partitions: positions.length } };
      } catch (error) {
        return { ready: false, detail: { state: 'aggregator unavailable', reason: (error as Error).message } };
      }
    },
    close: async () => {
      await query.close();
      await Promise.all([channels.close(), tags.close(), sources.close(), answers.close()]);
    },
  };
}
