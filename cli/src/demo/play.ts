import { setMaxListeners } from 'node:events';
import type { Config } from '@parley/service-kit';
import { Api } from './api';
import { CallFailed } from './call';
import { connectAll } from './connect';
import { demoSecrets } from './demo-env';
import { createRandom } from './payloads';
import { perform } from './perform';
import { type PlannedConversation, plan } from './plot';
import { score } from './score';
import type { Screen } from './screen';
import { show } from './show';
import type { KnownContacts } from './stand-in-provider';
import { countAll, differences, expectedCounts, totalOf, until } from './verify';
import { workInbox } from './work-inbox';

const LANES = 24;
/** Of so many contacts of Meta's one is not told of, so that a failed profile can be seen too. */
const UNKNOWN_EVERY = 25;

export interface PlayOptions {
  readonly config: Config;
  readonly screen: Screen;
  readonly messages: number;
  readonly seed: number;
  /** How a command line names the token. */
  readonly shownToken: string;
  readonly signal: AbortSignal;
}

function isMeta({ source }: PlannedConversation): boolean {
  return source === 'facebook' || source === 'instagram';
}

/** Whom the providers' stand-in knows. */
export function castOf(planned: readonly PlannedConversation[]): KnownContacts {
  const known = planned.filter(isMeta).filter((_, i) => i % UNKNOWN_EVERY !== UNKNOWN_EVERY - 1);
  return new Map(known.map(({ contactId, person }) => [contactId, person]));
}

/** Plays the plan into a system that is up, checks that all of it arrived, works the inbox and shows it. */
export async function play(planned: readonly PlannedConversation[], options: PlayOptions): Promise<void> {
  const { config, screen, messages, seed, signal } = options;
  // Each call under way listens; node's alarm at eleven listeners is meant for leaks.
  setMaxListeners(2 * LANES, signal);
  const api = new Api(`http://127.0.0.1:${config.apiPort}`, config.systemToken, signal);
  const stage = await connectAll(api, { ...demoSecrets, ingestUrl: `http://127.0.0.1:${config.ingestPort}` });
  const cues = score(planned, stage, createRandom(seed + 1), LANES);
  screen.line(`  Playing ${messages} messages in ${planned.length} conversations over ${cues.length} webhooks …`);

  const startedAt = performance.now();
  let sent = 0;
  await perform(cues, stage, signal, (cue) => {
    sent += cue.messages;
    screen.progress(sent, messages, (sent * 1_000) / (performance.now() - startedAt));
  });
  screen.endProgress();

  const counts = await verify(api, planned, signal);
  screen.line(
    `  All there: ${counts.conversations} conversations, ${counts.messages} messages, ${counts.unread} unread, each counted over the API.`,
  );
  const asked = planned.filter(isMeta).length;
  await until('contact profiles', asked, signal, () =>
    api.total('source:(facebook OR instagram) AND metadata.contact.fetch_state:(ok OR failed)'),
  );
  screen.line(`  ${asked} contacts of Messenger and Instagram were looked up at the provider.`);
  const work = await workInbox(api, createRandom(seed + 2));
  screen.line(`  Then ${work.read} conversations were read, ${work.closed} closed, and ${work.tagged} tags set.`);
  await show(api, screen, work, options.shownToken, Date.now());
}

async function verify(api: Api, planned: readonly PlannedConversation[], signal: AbortSignal) {
  const expected = expectedCounts(planned);
  const total = totalOf(expected);
  await until('conversations', total.conversations, signal, () => api.total(null));
  // The last messages of conversations that are there already may still be on their way.
  await until('messages', total.messages, signal, async () => totalOf(await countAll(api)).messages);
  const wrong = differences(expected, await countAll(api));
  if (wrong.length > 0) throw new CallFailed(`not all is as it was played:\n${wrong.map((w) => `  ${w}`).join('\n')}`);
  return total;
}

export function planFor(messages: number, seed: number, now: number): readonly PlannedConversation[] {
  return plan({ messages, now, random: createRandom(seed) });
}
