import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  allTopics,
  Codec,
  type ConversationEvent,
  ids,
  registerSchemas,
  type SchemaRegistry,
  topicSpec,
  topics,
} from '@parley/contracts';
import type { KafkaAddresses } from '@parley/kafka-dev';
import type { Log, LogRecord, Position } from '@parley/log';
import type { PartitionHash } from '@parley/query';
import { EventWriter, loadConfig, openLog } from '@parley/service-kit';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { Aggregator, type AggregatorOptions } from '../src/aggregator';
import type { Generation } from '../src/partition/generation';
import { stateHashes } from '../src/query/state-hash';

export const PARTITIONS = 3;
export const TOKEN = 'a token for tests';

/** A log of its own, and aggregators over it. */
export interface World {
  readonly dir: string;
  /** Settings of a process over the same log. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly registry: SchemaRegistry;
  append(events: readonly ConversationEvent[]): Promise<readonly Position[]>;
  /** Ready when it resolves, but for `wait: false`. */
  aggregator(options?: Partial<AggregatorOptions> & { wait?: boolean }): Promise<Aggregator>;
  close(): Promise<void>;
}

const logger = pino({ level: 'silent' });

/** On the embedded log, or on Kafka under a prefix of its own. */
export async function openWorld(kafka?: KafkaAddresses): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'parley-aggregator-'));
  const env = {
    DATA_DIR: dir,
    PARTITIONS: String(PARTITIONS),
    SYSTEM_TOKEN: TOKEN,
    JWT_SECRET: 'a secret for tests',
    ...(kafka && {
      KAFKA_BROKERS: kafka.brokers.join(','),
      SCHEMA_REGISTRY_URL: kafka.registryUrl,
      KAFKA_PREFIX: `${basename(dir)}.`,
    }),
  };
  const { log, registry, close } = await openLog(loadConfig(env), logger);
  await registerSchemas(registry, allTopics([]));
  await log.ensureTopics([topicSpec(topics.conversationEvents, PARTITIONS)]);
  const writer = await EventWriter.open(log, registry);
  const open: Aggregator[] = [];
  return {
    dir,
    env,
    log,
    registry,
    append: (events) => writer.append(events),
    async aggregator({ wait = true, ...options } = {}) {
      const aggregator = await Aggregator.open({
        log,
        registry,
        dir: join(dir, 'aggregator'),
        partitions: PARTITIONS,
        settings: { partitions: null, replica: 0 },
        logger,
        metrics: new Registry(),
        onFatal: (error) => {
          throw error;
        },
        ...options,
      });
      open.push(aggregator);
      if (wait) await until(() => aggregator.ready().ready);
      return aggregator;
    },
    async close() {
      for (const aggregator of open) await aggregator.close();
      await close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The log, but for some of its calls. */
export function withCalls(log: Log, calls: Partial<Log>): Log {
  return new Proxy(log, {
    get(target, name) {
      const own = calls[name as keyof Log];
      if (own) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Less than a test's own time-out, which would leave the waiting behind. */
const UNTIL_MS = 45_000;

/** Waits for a condition. @throws naming it, where it does not come */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + UNTIL_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`still not so after ${UNTIL_MS} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Applied up to the last of these records, and found by queries. */
export async function applied(aggregator: Aggregator, positions: readonly Position[]): Promise<void> {
  for (const { partition, offset } of positions) {
    if (await aggregator.awaitApplied(partition, offset, UNTIL_MS)) continue;
    throw new Error(`partition ${partition} is not applied up to ${offset} after ${UNTIL_MS} ms`);
  }
}

/** What its queries are answered from. */
export function shown({ shown: generation }: Aggregator): Generation {
  if (!generation) throw new Error('the aggregator has not caught up');
  return generation;
}

/** Hashes by partition, where each stands. */
export async function hashes(aggregator: Aggregator): Promise<readonly PartitionHash[]> {
  const found = await stateHashes(shown(aggregator), aggregator.governor);
  return [...found].sort((a, b) => a.partition - b.partition);
}

/** Everything on a topic, as of now. */
export async function allRecords(log: Log, topic: string): Promise<readonly LogRecord[]> {
  const ends = await log.ends(topic);
  const reader = await log.reader(topic, 'earliest');
  const records: LogRecord[] = [];
  while ([...reader.positions()].some(([partition, at]) => at < (ends.get(partition) ?? 0))) {
    records.push(...((await reader.next({ maxWaitMs: 1_000 }))?.records ?? []));
  }
  await reader.close();
  return records;
}

export async function decodeAll<T>(
  world: World,
  topic: typeof topics.conversations,
  pick: (value: Awaited<ReturnType<Codec<'Conversation'>['decode']>>['value'], key: string | null) => T,
): Promise<readonly T[]> {
  const codec = await Codec.open(topic, world.registry);
  const records = await allRecords(world.log, topic.name);
  return Promise.all(
    records.map(async ({ key, value }) => pick((await codec.decode(value ?? Buffer.alloc(0))).value, key)),
  );
}

export const conversationId = (name: string): string => ids.conversationOfSource(1, 'tests', name);
export const messageId = (name: string): string => ids.messageOfSource(1, 'tests', name);

function base(conversation: string, cause: string, at: number, accountId = 1) {
  return {
    eventId: ids.event(cause, 'tests'),
    accountId,
    conversationId: conversationId(conversation),
    occurredAt: at,
    actorKind: 'source',
    actorId: null,
    cause: null,
  };
}

/** A contact's message; `at` is its sentAt. */
export function received(
  conversation: string,
  message: string,
  at: number,
  { text = `text of ${message}`, accountId = 1 }: { text?: string; accountId?: number } = {},
): ConversationEvent {
  return {
    type: 'MessageReceived',
    value: {
      ...base(conversation, `received ${message}`, at, accountId),
      messageId: messageId(message),
      channelId: ids.channel(accountId, 'tests', 'channel'),
      source: 'tests',
      sourceMessageId: message,
      sourceConversationId: conversation,
      sourceContactId: `contact of ${conversation}`,
      fromContact: true,
      senderId: `contact of ${conversation}`,
      content: JSON.stringify({ text }),
      text,
      supported: true,
      sentAt: at,
      headers: {},
    },
  };
}

export function read(conversation: string, cause: string): ConversationEvent {
  return { type: 'ConversationRead', value: base(conversation, `read ${cause}`, 0) };
}

export function named(conversation: string, cause: string, name: string): ConversationEvent {
  return {
    type: 'ConversationMetadataChanged',
    value: {
      ...base(conversation, `named ${cause}`, 0),
      set: { 'contact.display_name': JSON.stringify(name) },
      removed: [],
    },
  };
}

export function tagged(conversation: string, cause: string, tagId: string): ConversationEvent {
  return { type: 'ConversationTagged', value: { ...base(conversation, `tagged ${cause}`, 0), tagId } };
}
