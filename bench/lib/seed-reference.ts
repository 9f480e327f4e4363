/** Writes a source with a channel straight to their topics, so that a service can be measured without the api. */
import { deadLetterTopic, rawTopic, topicSpec, topics } from '@parley/contracts';
import { createLogger, loadConfig, openLog, sourceKey, Table } from '@parley/service-kit';
import { benchChannel, benchSource } from './reference';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = createLogger('seed', config.logLevel);
  const { log, registry } = await openLog(config, logger);
  const raw = rawTopic(benchSource.id);
  const needed = [topics.sources, topics.channels, raw, deadLetterTopic(raw.name)];
  await log.ensureTopics(needed.map((topic) => topicSpec(topic, config.partitions)));
  const ctx = { log, registry, logger };
  const sources = await Table.open(ctx, topics.sources);
  const channels = await Table.open(ctx, topics.channels);
  await sources.put(sourceKey(benchSource.accountId, benchSource.id), benchSource);
  await channels.put(benchChannel.id, benchChannel);
  await sources.close();
  await channels.close();
  await log.close();
}

void main();
