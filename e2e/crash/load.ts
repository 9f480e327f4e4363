/** The load of the crash test: senders that repeat what got no 2xx, and the ledger of what they sent. */
import { setTimeout as delay } from 'node:timers/promises';
import type { System } from '../harness';
import type { Answer } from '../support/client';
import { entry, from, type MetaPage, postToMeta, text } from '../support/providers';
import type { Random } from '../support/random';
import type { Channel, Conversation, Page } from '../support/shapes';
import { baseTime, type CustomSource } from '../support/world';

/** Longer than any service may be away. */
const PATIENCE_MS = 60_000;

/** What was sent, so that it can be counted: each text stands for one message of a contact. */
export class Ledger {
  readonly texts = new Map<string, Set<string>>();
  retries = 0;

  sent(channel: string, texts: readonly string[]): void {
    const known = this.texts.get(channel) ?? new Set();
    for (const one of texts) known.add(one);
    this.texts.set(channel, known);
  }

  get count(): number {
    return [...this.texts.values()].reduce((sum, set) => sum + set.size, 0);
  }
}

/** Sends the same again until it gets a 2xx; only that ends it, as with a provider. */
async function insist(ledger: Ledger, send: () => Promise<Answer>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ; ) {
    if (Date.now() > end) throw new Error(`no 2xx in ${PATIENCE_MS} ms`);
    const answer = await send().catch(() => undefined);
    if (answer !== undefined && answer.status >= 200 && answer.status < 300) return;
    // Only a service that is away or going away may refuse what is right.
    if (answer !== undefined) expect(answer.status).toBeGreaterThanOrEqual(500);
    ledger.retries += 1;
    await delay(25);
  }
}

export type Sender = (number: number) => Promise<void>;

export function customSender(ledger: Ledger, source: CustomSource, random: Random): Sender {
  return async (number) => {
    const contents = Array.from({ length: random.between(1, 6) }, (_, i) => `custom ${random.seed} ${number} ${i}`);
    const messages = contents.map((content, i) =>
      source.message(`c${random.between(0, 12)}`, { content, sent_at: baseTime + number * 10 + i }),
    );
    await insist(ledger, () => source.ingest.post('/sources.webhook', { messages }));
    ledger.sent(source.channel.id, contents);
  };
}

export function facebookSender(
  ledger: Ledger,
  system: System,
  page: MetaPage,
  channel: Channel,
  random: Random,
): Sender {
  return async (number) => {
    const texts = Array.from({ length: random.between(1, 4) }, (_, i) => `facebook ${random.seed} ${number} ${i}`);
    const body = entry(
      page,
      texts.map((one, i) => from(`7${random.between(0, 9)}`, page, baseTime + number * 10 + i, text(one))),
    );
    await insist(ledger, () => postToMeta(system, body));
    // Providers deliver some of it twice.
    if (random.next() < 0.2) await insist(ledger, () => postToMeta(system, body));
    ledger.sent(channel.id, texts);
  };
}

export function visitorSender(ledger: Ledger, system: System, token: string, channel: Channel, random: Random): Sender {
  return async (number) => {
    const message = `visitor ${random.seed} ${number}`;
    const headers = { 'idempotency-key': message };
    const visitor = system.ingest.withToken(token);
    await insist(ledger, () => visitor.post('/chatplugin.send', { message: { text: message } }, { headers }));
    ledger.sent(channel.id, [message]);
  };
}

/** An agent's clicks: conversations are tagged while everything falls. @returns tagged ids */
export function tagger(ledger: Ledger, system: System, tagId: string, tagged: Set<string>, random: Random): Sender {
  return async (number) => {
    const answer = await system.api.post('/conversations.list', { page_size: 50 }).catch(() => undefined);
    if (answer?.status !== 200) return;
    const { data } = answer.json<Page<Conversation>>();
    if (data.length === 0) return;
    const { id } = random.pick(data);
    const headers = { 'idempotency-key': `tag ${random.seed} ${number}` };
    await insist(ledger, () =>
      system.api.post('/conversations.tag', { conversation_id: id, tag_id: tagId }, { headers }),
    );
    tagged.add(id);
  };
}
