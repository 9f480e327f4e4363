import { createHash } from 'node:crypto';
import { Decoder, Encoder } from './kafkajs';

/**
 * What members of a group tell each other through the broker, which does not look into it. The encoding is that of
 * Kafka's own consumers (ConsumerProtocolSubscription and ConsumerProtocolAssignment), so that its tools show it.
 */

/** With the partitions that the member holds. */
const SUBSCRIPTION_VERSION = 1;
const ASSIGNMENT_VERSION = 0;
const NO_BYTES = Buffer.alloc(0);

/** Partitions by topic; names as on the broker. */
export type Partitions = ReadonlyMap<string, readonly number[]>;

export interface Subscription {
  readonly topics: readonly string[];
  readonly owned: Partitions;
  /** Anything: a member with another text counts as changed, and the group shares its partitions out again. */
  readonly nonce: string;
}

export interface Assignment {
  readonly partitions: Partitions;
  /** `topicsMark` of the topics that the member had subscribed to when partitions were shared out. */
  readonly topicsMark: string;
}

export function encodeSubscription({ topics, owned, nonce }: Subscription): Buffer {
  const encoder = new Encoder().writeInt16(SUBSCRIPTION_VERSION).writeInt32(topics.length);
  for (const topic of topics) encoder.writeString(topic);
  return writePartitions(encoder.writeBytes(Buffer.from(nonce)), owned).buffer;
}

export function decodeSubscription(bytes: Buffer): Subscription {
  const decoder = new Decoder(bytes);
  const version = decoder.readInt16();
  const topics = decoder.readArray(() => decoder.readString() ?? '');
  const nonce = decoder.readBytes()?.toString() ?? '';
  return { topics, nonce, owned: version >= 1 ? readPartitions(decoder) : new Map() };
}

export function encodeAssignment({ partitions, topicsMark }: Assignment): Buffer {
  const encoder = writePartitions(new Encoder().writeInt16(ASSIGNMENT_VERSION), partitions);
  return encoder.writeBytes(Buffer.from(topicsMark)).buffer;
}

/** A member that nothing was assigned to may get no bytes at all. */
export function decodeAssignment(bytes: Buffer | null): Assignment {
  if (!bytes || bytes.length === 0) return { partitions: new Map(), topicsMark: '' };
  const decoder = new Decoder(bytes);
  decoder.readInt16();
  const partitions = readPartitions(decoder);
  return { partitions, topicsMark: (decoder.readBytes() ?? NO_BYTES).toString() };
}

/** Equal for equal sets of topics. */
export function topicsMark(topics: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([...topics].sort()))
    .digest('hex')
    .slice(0, 16);
}

function writePartitions(encoder: Encoder, partitions: Partitions): Encoder {
  encoder.writeInt32(partitions.size);
  for (const [topic, numbers] of partitions) {
    encoder.writeString(topic).writeInt32(numbers.length);
    for (const number of numbers) encoder.writeInt32(number);
  }
  return encoder;
}

function readPartitions(decoder: Decoder): Partitions {
  return new Map(
    decoder.readArray(() => [decoder.readString() ?? '', decoder.readArray(() => decoder.readInt32())] as const),
  );
}
