import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api';
import { CallFailed, isObject, type JsonObject, objectAt, textAt } from './call';
import { countMessages, countUnread, type PlannedConversation } from './plot';
import { type DemoSource, demoSources } from './sources';

const POLL_MS = 250;
const PATIENCE_MS = 60_000;
const COUNTED_AT_ONCE = 8;

export interface Counts {
  readonly conversations: number;
  readonly messages: number;
  readonly unread: number;
}

export type CountsBySource = Readonly<Record<DemoSource, Counts>>;

function bySource(of: (source: DemoSource) => Counts): CountsBySource {
  return {
    facebook: of('facebook'),
    instagram: of('instagram'),
    'twilio.sms': of('twilio.sms'),
    'twilio.whatsapp': of('twilio.whatsapp'),
    shop: of('shop'),
    chatplugin: of('chatplugin'),
  };
}

/** What the API must show of what was played. */
export function expectedCounts(planned: readonly PlannedConversation[]): CountsBySource {
  return bySource((source) => {
    const own = planned.filter((conversation) => conversation.source === source);
    return {
      conversations: own.length,
      messages: own.reduce((sum, { steps }) => sum + countMessages(steps), 0),
      unread: own.reduce((sum, { steps }) => sum + countUnread(steps), 0),
    };
  });
}

/**
 * Waits until a number has come to what it must be.
 * @throws CallFailed  it has not moved for a minute, or went beyond
 */
export async function until(
  what: string,
  expected: number,
  signal: AbortSignal,
  look: () => Promise<number>,
): Promise<void> {
  let last = -1;
  let movedAt = performance.now();
  for (;;) {
    const now = await look();
    if (now === expected) return;
    if (now !== last) movedAt = performance.now();
    last = now;
    if (now > expected || performance.now() - movedAt > PATIENCE_MS) {
      throw new CallFailed(`${what}: ${now}, but ${expected} were made`);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Counts everything over the public API: each conversation, its unread number and its messages. */
export async function countAll(api: Api): Promise<CountsBySource> {
  const conversations = await api.allConversations(null);
  const messages = new Map<string, number>();
  const queue = conversations.map((conversation) => textAt(conversation, 'id'));
  await Promise.all(
    Array.from({ length: COUNTED_AT_ONCE }, async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) messages.set(id, await api.messageCount(id));
    }),
  );
  return bySource((source) => {
    const own = conversations.filter((conversation) => sourceOf(conversation) === source);
    return {
      conversations: own.length,
      messages: own.reduce((sum, conversation) => sum + (messages.get(textAt(conversation, 'id')) ?? 0), 0),
      unread: own.reduce((sum, conversation) => sum + unreadOf(conversation), 0),
    };
  });
}

function sourceOf(conversation: JsonObject): unknown {
  return objectAt(conversation, 'channel').source;
}

export function unreadOf({ metadata }: JsonObject): number {
  return isObject(metadata) && typeof metadata.unread_count === 'number' ? metadata.unread_count : 0;
}

/** One line for each number that is not as it must be. */
export function differences(expected: CountsBySource, found: CountsBySource): readonly string[] {
  return demoSources.flatMap((source) =>
    (['conversations', 'messages', 'unread'] as const)
      .filter((name) => expected[source][name] !== found[source][name])
      .map((name) => `${source}: ${found[source][name]} ${name}, but ${expected[source][name]} were made`),
  );
}

export function totalOf(counts: CountsBySource): Counts {
  const sum = (name: keyof Counts) => demoSources.reduce((total, source) => total + counts[source][name], 0);
  return { conversations: sum('conversations'), messages: sum('messages'), unread: sum('unread') };
}
