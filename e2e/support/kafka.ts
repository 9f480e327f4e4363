/** Kafka as a foreign client sees it: nothing of the product is used. */
import { randomBytes } from 'node:crypto';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { KafkaAddresses } from '@parley/kafka-dev';
import { type EachBatchPayload, Kafka, logLevel, Partitioners } from 'kafkajs';

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

/** A record as it stands on a topic. */
export interface StoredRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
}

/** Everything that one of the installation's topics holds now, by partition in order. */
export async function readTopic(place: KafkaPlace, name: string): Promise<readonly StoredRecord[]> {
  const topic = place.prefix + name;
  const client = kafkaClient(place);
  const admin = client.admin();
  const consumer = client.consumer({ groupId: `${place.prefix}reader-${randomBytes(6).toString('hex')}` });
  await Promise.all([admin.connect(), consumer.connect()]);
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    const unread = new Map(
      offsets.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, Number(high)]),
    );
    const records: StoredRecord[] = [];
    if (unread.size > 0) {
      await consumer.subscribe({ topic, fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        const eachBatch = async ({ batch }: EachBatchPayload) => {
          for (const { offset, key, value } of batch.messages) {
            records.push({
              partition: batch.partition,
              offset: Number(offset),
              key: key?.toString() ?? null,
              value: value ?? null,
            });
          }
          // The last offset of a batch counts even where compaction took its record.
          if (Number(batch.lastOffset()) + 1 >= (unread.get(batch.partition) ?? 0)) unread.delete(batch.partition);
          if (unread.size === 0) resolve();
        };
        consumer.run({ eachBatch }).catch(reject);
      });
    }
    return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  } finally {
    await Promise.all([admin.disconnect(), consumer.disconnect()]);
  }
}

/** Puts values on one of the installation's topics, as any program could. @returns where they went, in order */
export async function produce(
  place: KafkaPlace,
  name: string,
  records: readonly { readonly key: string; readonly value: Buffer }[],
): Promise<readonly { readonly partition: number; readonly offset: number }[]> {
  const producer = kafkaClient(place).producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const places: { partition: number; offset: number }[] = [];
  for (const record of records) {
    const [sent] = await producer.send({ topic: place.prefix + name, messages: [record] });
    places.push({ partition: sent?.partition ?? -1, offset: Number(sent?.baseOffset ?? -1) });
  }
  await producer.disconnect();
  return places;
}

/** Decodes a record's value with the schema that the registry has under its id. */
export async function decoded<T>({ registryUrl }: KafkaPlace, { value }: StoredRecord): Promise<T> {
  if (value === null) throw new Error('a tombstone holds nothing');
  return new SchemaRegistry({ host: registryUrl }).decode(value);
}

/** The id under which the newest schema of a record type on a topic is registered. */
export async function schemaId(place: KafkaPlace, topic: string, record: string): Promise<number> {
  const subject = `${place.prefix}${topic}-${record}`;
  const response = await fetch(`${place.registryUrl}/subjects/${encodeURIComponent(subject)}/versions/latest`);
  if (!response.ok) throw new Error(`${subject}: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: number }).id;
}

/** Confluent's frame: a zero byte, the schema's id, and what is said to be Avro. */
export function framed(id: number, avro: Buffer): Buffer {
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(id, 1);
  return Buffer.concat([frame, avro]);
}
