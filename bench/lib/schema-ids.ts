/** Prints the ids that the registry has for the conversation events: `<id>:<record>,…`. */
import { schemas, subjectOf, topics } from '@parley/contracts';
import { createLogger, loadConfig, openLog } from '@parley/service-kit';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const { registry, close } = await openLog(config, createLogger('schema-ids', config.logLevel));
  const { conversationEvents } = topics;
  const ids = await Promise.all(
    conversationEvents.records.map((name) => registry.idOf(subjectOf(conversationEvents, name), schemas[name])),
  );
  process.stdout.write(ids.map((id, at) => `${id}:${conversationEvents.records[at]}`).join(','));
  await close();
}

void main();
