import { type Topic, topicSpec, topics, topicsOfSource } from '@parley/contracts';
import type { TopicSpec } from '@parley/log';
import { builtInAdapters } from '@parley/sources';

/** What one source needs: its raw topic, and where its unusable records go. */
export function specsOfSource(source: string, partitions: number): readonly TopicSpec[] {
  return topicsOfSource(source).map((topic) => topicSpec(topic, partitions));
}

/** What ingest needs before anybody has called it. */
export function topicsOfIngest(partitions: number): readonly TopicSpec[] {
  const shared: readonly Topic[] = [topics.conversationEvents, topics.channels, topics.sources];
  return [
    ...shared.map((topic) => topicSpec(topic, partitions)),
    ...builtInAdapters.flatMap(({ name }) => specsOfSource(name, partitions)),
  ];
}
