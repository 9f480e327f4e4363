/** Kafka as a foreign client sees it: nothing of the product is used. */
import { randomBytes } from 'node:crypto';
import type { KafkaAddresses } from '@parley/kafka-dev';
import { Kafka, logLevel } from 'kafkajs';

/** Where an installation is on a cluster that it may share with others. */
export interface KafkaPlace extends KafkaAddresses {
  /** KAFKA_PREFIX: before the names of its topics, groups and subjects. */
  readonly prefix: string;
}

/** A place that no other test uses. */
export function newPlace({ brokers, registryUrl }: KafkaAddresses): KafkaPlace {
  return { brokers, registryUrl, prefix: `e2e-${randomBytes(6).toString('hex')}.` };
}

export function kafkaClient({ brokers }: KafkaAddresses): Kafka {
  return new Kafka({ brokers: [...brokers], clientId: 'e2e', logLevel: logLevel.NOTHING });
}

/** Deletes what an installation left, so that a shared broker stays small. */
export async function dropTopics(place: KafkaPlace): Promise<void> {
  const admin = kafkaClient(place).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(place.prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
