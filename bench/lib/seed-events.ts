/** Appends events of many conversations to the log: `seed-events.js <conversations> <events> [<first event> [mixed]]`. */
import { topicSpec, topics } from '@parley/contracts';
import { createLogger, EventWriter, loadConfig, openLog } from '@parley/service-kit';
import { messageAt, mixedAt } from './events';

const BATCH = 5_000;

async function main(): Promise<void> {
  const [conversations = 0, events = 0, first = 0] = process.argv.slice(2, 5).map(Number);
  const eventAt = process.argv[5] === 'mixed' ? mixedAt : messageAt;
  const config = loadConfig(process.env);
  const { log, registry } = await openLog(config, createLogger('seed', config.logLevel));
  await log.ensureTopics([topicSpec(topics.conversationEvents, config.partitions)]);
  const writer = await EventWriter.open(log, registry);
  for (let at = first; at < first + events; at += BATCH) {
    const count = Math.min(BATCH, first + events - at);
    await writer.append(Array.from({ length: count }, (_, i) => eventAt(at + i, conversations)));
  }
  await log.close();
}

void main();
