import { schemas } from './generated/schemas';
import type { SchemaRegistrar } from './registry';
import { isListed, type RecordName, type Topic } from './topics';

/** Name under which a registry keeps the versions of a topic's record (TopicRecordNameStrategy). */
export function subjectOf(topic: Topic, record: RecordName): string {
  // Deploying makes what is listed: a topic that is not would work on the embedded log and nowhere else.
  if (!isListed(topic.name)) throw new Error(`${topic.name} is not among allTopics`);
  const { namespace, name } = schemas[record];
  return `${topic.name}-${namespace}.${name}`;
}

export interface RegisteredSchema {
  readonly subject: string;
  readonly id: number;
  /** Whether the subject did not have it before. */
  readonly isNew: boolean;
}

/**
 * Registers the schemas of all records of these topics, in order.
 * @throws SCHEMA_INCOMPATIBLE  the first that is refused; those before it are registered
 * @throws REGISTRY_UNAVAILABLE, REGISTRY_REFUSED
 */
export async function registerSchemas(
  registrar: SchemaRegistrar,
  topics: readonly Topic[],
): Promise<readonly RegisteredSchema[]> {
  const registered: RegisteredSchema[] = [];
  for (const topic of topics) {
    for (const record of topic.records) {
      const subject = subjectOf(topic, record);
      registered.push({ subject, ...(await registrar.register(subject, schemas[record])) });
    }
  }
  return registered;
}
