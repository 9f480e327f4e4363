/**
 * Reads the whole topic of conversation events with kafkajs's own consumer, from the moment that it has its partitions:
 * `kafkajs-read.js bare|decode`. Prints events and milliseconds.
 */
import { randomUUID } from 'node:crypto';
import { Codec, topics } from '@parley/contracts';
import { createLogger, loadConfig, openLog } from '@parley/service-kit';
import { endOf, kafkaClient, withAdmin } from '../lib/kafka-admin';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const { name } = topics.conversationEvents;
  const { registry, close } = await openLog(config, createLogger('kafkajs-read', config.logLevel));
  const codec = await Codec.open(topics.conversationEvents, registry);
  await close();
  const brokers = (process.env.KAFKA_BROKERS ?? '').split(',');
  const decodes = process.argv[2] === 'decode';
  const total = await withAdmin(brokers, (admin) => endOf(admin, name));

  const consumer = kafkaClient(brokers).consumer({ groupId: `bench-${randomUUID()}` });
  let startedAt = 0;
  let events = 0;
  consumer.on(consumer.events.GROUP_JOIN, () => {
    startedAt = performance.now();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [name], fromBeginning: true });
  const ms = await new Promise<number>((resolve, reject) => {
    // It begins again by itself where another try may help, as while the broker makes its first group.
    consumer.on(consumer.events.CRASH, ({ payload }) => !payload.restart && reject(payload.error));
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch, resolveOffset }) => {
          if (decodes) for (const { value } of batch.messages) if (value) codec.decodeSync(value);
          events += batch.messages.length;
          resolveOffset(batch.lastOffset());
          if (events >= total) resolve(performance.now() - startedAt);
        },
      })
      .catch(reject);
  });
  process.stdout.write(JSON.stringify({ events, ms }));
  await consumer.disconnect();
}

void main();
