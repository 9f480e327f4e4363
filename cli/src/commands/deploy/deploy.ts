import {
  allTopics,
  isRegistryError,
  type RegisteredSchema,
  registerSchemas,
  type SchemaRegistrar,
  sourceOfRawTopic,
  type Topic,
  topicSpec,
} from '@parley/contracts';
import { isLogError, type Log, type TopicSpec } from '@parley/log';
import { builtInAdapters } from '@parley/sources';
import { CommandError } from '../command';

export interface DeployOptions {
  readonly log: Log;
  readonly registry: SchemaRegistrar;
  /** Partitions that the big topics have, or get. */
  readonly partitions: number;
}

export interface Deployed {
  readonly topics: readonly { readonly name: string; readonly partitions: number; readonly made: boolean }[];
  readonly schemas: readonly RegisteredSchema[];
}

/**
 * Brings topics and schemas to what this version needs: those of the built-in sources, and of every source that the
 * log knows. Doing it again changes nothing.
 * @throws CommandError  naming everything that does not fit; no topic was made then
 * @throws LOG_UNAVAILABLE, REGISTRY_UNAVAILABLE  retryable
 */
export async function deployAll({ log, registry, partitions }: DeployOptions): Promise<Deployed> {
  const present = await log.topics();
  const sources = present.map(sourceOfRawTopic).filter((source) => source !== undefined);
  const topics = allTopics([...new Set([...builtInAdapters.map(({ name }) => name), ...sources])]);
  const specs = topics.map((topic) => topicSpec(topic, partitions));
  const faults: string[] = [];
  for (const spec of specs) if (present.includes(spec.name)) faults.push(...(await topicFaults(log, spec)));
  const schemas: RegisteredSchema[] = [];
  for (const topic of topics) faults.push(...(await register(registry, topic, schemas)));
  if (faults.length > 0) {
    throw new CommandError(`not deployed:\n${faults.map((fault) => `  ${fault}`).join('\n')}`, true);
  }
  await log.ensureTopics(specs);
  const made = specs.map((spec) => ({
    name: spec.name,
    partitions: spec.partitions,
    made: !present.includes(spec.name),
  }));
  return { topics: made, schemas };
}

/** What is wrong with a topic that is there. */
async function topicFaults(log: Log, spec: TopicSpec): Promise<readonly string[]> {
  try {
    await log.ensureTopics([spec]);
    return [];
  } catch (error) {
    if (isLogError(error, 'TOPIC_MISMATCH')) return [error.message];
    throw error;
  }
}

/** @returns why the registry refused */
async function register(registry: SchemaRegistrar, topic: Topic, into: RegisteredSchema[]): Promise<readonly string[]> {
  try {
    into.push(...(await registerSchemas(registry, [topic])));
    return [];
  } catch (error) {
    if (isRegistryError(error, 'SCHEMA_INCOMPATIBLE')) return [error.message];
    throw error;
  }
}
