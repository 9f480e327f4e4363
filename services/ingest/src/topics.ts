import { deadLetterTopic, rawTopic, type Topic, topicSpec, topics } from '@parley/contracts';
import type { TopicSpec } from '@parley/log';
import { builtInAdapters } from '@parley/sources';

const RAW = /^source\.(.+)\.events$/;

/** Name of the source that a raw topic is of; undefined for other topics. */
export function sourceOfRawTopic(name: string): string | undefined {
  return RAW.exec(name)?.[1];
}

/** What one source needs: its raw topic, and where its unusable records go. */
export function topicsOfSource(source: string, partitions: number): readonly TopicSpec[] {
  const raw = rawTopic(source);
  return [raw, deadLetterTopic(raw.name)].map((topic) => topicSpec(topic, partitions));
}

/** What ingest needs before anybody has called it. */
export function topicsOfIngest(partitions: number): readonly TopicSpec[] {
  const shared: readonly Topic[] = [topics.conversationEvents, topics.channels, topics.sources];
  return [
    ...shared.map((topic) => topicSpec(topic, partitions)),
    ...builtInAdapters.flatMap(({ name }) => topicsOfSource(name, partitions)),
  ];
}
