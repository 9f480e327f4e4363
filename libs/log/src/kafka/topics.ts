import { LogError } from '../errors';
import type { TopicDescription, TopicSpec } from '../port';
import type { Cluster } from './cluster';
import { BrokerError, isRefusal, refused, unavailable } from './errors';
import { BATCH_BYTES_MAX } from './limits';
import { listOffsets } from './offsets';
import { patiently } from './patience';
import { kafkajsRequest } from './request';

const TOPIC_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const TOPIC_NAME_LENGTH_MAX = 249;
const CREATE_TIMEOUT_MS = 10_000;
/** How long a topic that was just made may lack leaders. */
const USABLE_PATIENCE_MS = 15_000;
/** Kafka's words for "for ever" and "any size". */
const UNLIMITED = '-1';
const INT64_MAX = '9223372036854775807';
const RESOURCE_TOPIC = 2;
/** The broker's default of replicas. */
const DEFAULT_REPLICATION = -1;
const CODE = { none: 0, unknownTopic: 3, topicExists: 36, invalidConfig: 40 } as const;

/** What a topic is made with and held to. */
type Settings = Omit<TopicSpec, 'name' | 'cleanup'> & {
  /** `delete` or `compact`; on the broker also both, with a comma. */
  readonly cleanup: string;
};

export function isTopicName(name: string, prefix: string): boolean {
  return TOPIC_NAME.test(name) && prefix.length + name.length <= TOPIC_NAME_LENGTH_MAX;
}

/**
 * Makes the topics that are missing and holds the others to their specs.
 * @param replicationFactor null: the broker's default
 * @throws TOPIC_MISMATCH, LOG_UNAVAILABLE; LOG_REFUSED: the cluster does not make such a topic, or not for us
 */
export async function ensureTopics(
  cluster: Cluster,
  specs: readonly TopicSpec[],
  replicationFactor: number | null,
): Promise<void> {
  for (const { name, partitions } of specs) {
    if (!isTopicName(name, cluster.prefix)) throw new RangeError(`no topic name: ${JSON.stringify(name)}`);
    if (!Number.isInteger(partitions) || partitions < 1) throw new RangeError(`${name}: ${partitions} partitions`);
  }
  if (specs.length === 0) return;
  const there = new Set(await patiently(cluster.signal, () => cluster.topics()));
  const missing = specs.filter(({ name }) => !there.has(cluster.prefix + name));
  if (missing.length > 0) await create(cluster, missing, replicationFactor);
  const settings = await settingsOf(
    cluster,
    specs.map(({ name }) => cluster.prefix + name),
  );
  for (const spec of specs) verify(spec, settings.get(cluster.prefix + spec.name));
}

/** Undefined if there is no such topic. */
export async function describe(cluster: Cluster, name: string): Promise<TopicDescription | undefined> {
  const topic = cluster.prefix + name;
  const settings = (await settingsOf(cluster, [topic])).get(topic);
  if (!settings) return undefined;
  const [starts, ends] = await Promise.all([listOffsets(cluster, topic, 'start'), listOffsets(cluster, topic, 'end')]);
  return {
    name,
    ...settings,
    cleanup: settings.cleanup.includes('compact') ? 'compact' : 'delete',
    offsets: [...starts].map(([partition, start]) => ({ partition, start, end: ends.get(partition) ?? start })),
  };
}

async function create(cluster: Cluster, specs: readonly TopicSpec[], replicationFactor: number | null): Promise<void> {
  const strange = await tryCreate(cluster, specs, replicationFactor, configOf);
  // Brokers before 3.6 have no such limit and refuse its name.
  if (strange.length > 0) {
    const still = await tryCreate(cluster, strange, replicationFactor, (spec) =>
      configOf(spec).filter(({ name }) => name !== TIMESTAMP_LIMIT),
    );
    if (still[0]) throw refused(`topic ${still[0].name} can't be made`, new BrokerError(CODE.invalidConfig));
  }
  for (const { name } of specs) {
    await patiently(cluster.signal, () => usable(cluster, cluster.prefix + name), { patienceMs: USABLE_PATIENCE_MS });
  }
}

/** @returns those whose configuration the broker does not take */
async function tryCreate(
  cluster: Cluster,
  specs: readonly TopicSpec[],
  replicationFactor: number | null,
  config: (spec: TopicSpec) => readonly { name: string; value: string }[],
): Promise<readonly TopicSpec[]> {
  const request = kafkajsRequest<{
    topicErrors: readonly { topic: string; errorCode: number; errorMessage: string | null }[];
  }>(
    'CreateTopics',
    {
      topics: specs.map((spec) => ({
        topic: cluster.prefix + spec.name,
        numPartitions: spec.partitions,
        replicationFactor: replicationFactor ?? DEFAULT_REPLICATION,
        configEntries: config(spec),
      })),
      timeout: CREATE_TIMEOUT_MS,
    },
    { codes: 'keep' },
  );
  const answer = await patiently(cluster.signal, async () => {
    const { topicErrors } = await (await cluster.controller()).send(request, { timeoutMs: 2 * CREATE_TIMEOUT_MS });
    // Made by somebody else meanwhile, or by this very request before its answer was lost: it is verified like any other.
    const failed = topicErrors.filter(({ errorCode }) => errorCode !== CODE.none && errorCode !== CODE.topicExists);
    const fatal = failed.find(({ errorCode }) => errorCode !== CODE.invalidConfig);
    if (!fatal) return failed;
    const error = new BrokerError(fatal.errorCode);
    if (error.retriable) throw error;
    // Not retryable, so that no patience is spent on what stays as it is: a right that is missing, too few brokers.
    const topic = fatal.topic.slice(cluster.prefix.length);
    throw refused(`topic ${topic} can't be made: ${fatal.errorMessage ?? ''}`, error, { topic });
  });
  const without = new Set(answer.map(({ topic }) => topic));
  return specs.filter(({ name }) => without.has(cluster.prefix + name));
}

const TIMESTAMP_LIMIT = 'message.timestamp.after.max.ms';

function configOf({ cleanup, retentionMs }: TopicSpec): readonly { name: string; value: string }[] {
  const config = {
    'cleanup.policy': cleanup,
    'retention.ms': cleanup === 'compact' || retentionMs === null ? UNLIMITED : String(retentionMs),
    'retention.bytes': UNLIMITED,
    'max.message.bytes': String(BATCH_BYTES_MAX),
    'message.timestamp.type': 'CreateTime',
    // A provider's clock may be wrong, and copies keep the times of their originals.
    [TIMESTAMP_LIMIT]: INT64_MAX,
  };
  return Object.entries(config).map(([name, value]) => ({ name, value }));
}

async function usable(cluster: Cluster, topic: string): Promise<void> {
  cluster.stale(topic);
  const leaders = await cluster.leaders(topic).catch((error: unknown) => {
    throw unavailable('the topic was just made', error, { topic });
  });
  for (const [partition, leader] of leaders) {
    if (leader < 0) throw unavailable(`${topic}/${partition} has no leader yet`, undefined, { topic, partition });
  }
}

/** Effective settings of those topics that exist, by name on the broker. */
async function settingsOf(cluster: Cluster, topics: readonly string[]): Promise<ReadonlyMap<string, Settings>> {
  const request = kafkajsRequest<{
    resources: readonly {
      resourceName: string;
      errorCode: number;
      configEntries: readonly { configName: string; configValue: string | null }[];
    }[];
  }>(
    'DescribeConfigs',
    {
      resources: topics.map((name) => ({
        type: RESOURCE_TOPIC,
        name,
        configNames: ['cleanup.policy', 'retention.ms'],
      })),
    },
    { codes: 'keep' },
  );
  return patiently(cluster.signal, async () => {
    const { resources } = await (await cluster.anyControl()).send(request);
    const settings = new Map<string, Settings>();
    for (const { resourceName, errorCode, configEntries } of resources) {
      if (errorCode === CODE.unknownTopic) continue;
      if (errorCode !== CODE.none) {
        const error = new BrokerError(errorCode);
        throw (isRefusal(error) ? refused : unavailable)(`settings of ${resourceName}`, error);
      }
      const value = (name: string) => configEntries.find(({ configName }) => configName === name)?.configValue;
      const retention = value('retention.ms') ?? UNLIMITED;
      settings.set(resourceName, {
        partitions: (await cluster.leaders(resourceName)).size,
        cleanup: value('cleanup.policy') ?? 'delete',
        retentionMs: Number(retention) < 0 ? null : Number(retention),
      });
    }
    return settings;
  });
}

function verify(spec: TopicSpec, existing: Settings | undefined): void {
  if (!existing) throw unavailable(`topic ${spec.name} was removed meanwhile`, undefined, { topic: spec.name });
  const settings = ['partitions', 'cleanup', ...(spec.cleanup === 'delete' ? (['retentionMs'] as const) : [])] as const;
  const differences = settings
    .filter((setting) => existing[setting] !== spec[setting])
    .map((setting) => `${setting} is ${existing[setting]}, not ${spec[setting]}`);
  if (differences.length === 0) return;
  throw new LogError('TOPIC_MISMATCH', `topic ${spec.name} exists with other settings: ${differences.join(', ')}`, {
    topic: spec.name,
    differences,
  });
}
