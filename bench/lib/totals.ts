/** Prints sums over the newest states on the changelog, for the comparison with another fold of the same events. */
import { Codec, type Conversation, topics } from '@parley/contracts';
import { createLogger, loadConfig, openLog } from '@parley/service-kit';
import { readToEnd } from './read-to-end';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const { log, registry, close } = await openLog(config, createLogger('totals', config.logLevel));
  const codec = await Codec.open(topics.conversations, registry);
  const states = new Map<string, Conversation>();
  await readToEnd(log, topics.conversations.name, ({ key, value }) => {
    const decoded = value && codec.decodeSync(value);
    if (key !== null && decoded) states.set(key, decoded.value);
  });
  const all = [...states.values()];
  const sum = (of: (state: Conversation) => number) => all.reduce((total, state) => total + of(state), 0);
  process.stdout.write(
    JSON.stringify({
      conversations: all.length,
      messages: sum((state) => state.messageCount),
      unread: sum((state) => state.unreadCount),
      tags: sum((state) => state.tagIds.length),
      open: sum((state) => (state.state === 'OPEN' ? 1 : 0)),
      version: sum((state) => state.version),
      lastMessageAt: sum(({ lastMessage }) => Number(JSON.parse(lastMessage ?? '{}').sentAt) % 1_000_000_000),
      names: sum((state) => state.displayName.length),
    }),
  );
  await close();
}

void main();
