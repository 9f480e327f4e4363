/** Reads and decodes the whole log of conversation events and does nothing with it; prints events and milliseconds. */
import { Codec, topics } from '@parley/contracts';
import { createLogger, loadConfig, openLog } from '@parley/service-kit';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const { log, registry } = await openLog(config, createLogger('read-decode', config.logLevel));
  const codec = await Codec.open(topics.conversationEvents, registry);
  const reader = await log.reader(topics.conversationEvents.name, 'earliest');
  const startedAt = performance.now();
  let events = 0;
  for (;;) {
    const batch = await reader.next({ maxRecords: 5_000 });
    if (!batch) break;
    for (const record of batch.records) {
      if (record.value && codec.decodeSync(record.value)) events += 1;
    }
  }
  process.stdout.write(JSON.stringify({ events, ms: performance.now() - startedAt }));
  await reader.close();
  await log.close();
}

void main();
