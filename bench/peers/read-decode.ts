/** Reads and decodes the whole log of conversation events and does nothing with it; prints events and milliseconds. */
import { Codec, topics } from '@parley/contracts';
import { createLogger, loadConfig, openLog } from '@parley/service-kit';
import { readToEnd } from '../lib/read-to-end';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const { log, registry, close } = await openLog(config, createLogger('read-decode', config.logLevel));
  const codec = await Codec.open(topics.conversationEvents, registry);
  const startedAt = performance.now();
  let events = 0;
  await readToEnd(log, topics.conversationEvents.name, ({ value }) => {
    if (value && codec.decodeSync(value)) events += 1;
  });
  process.stdout.write(JSON.stringify({ events, ms: performance.now() - startedAt }));
  await close();
}

void main();
