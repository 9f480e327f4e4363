/** Load: senders that repeat what got no 2xx, and the ledger of what they sent. */
import { setTimeout as delay } from 'node:timers/promises';
import type { System } from '../harness';
import type { Answer, Client } from './client';
import { eventually } from './eventually';
import { entry, from, type MetaPage, postToMeta, text } from './providers';
import { type Random, randomFrom } from './random';
import type { Channel, Conversation, Message, Page } from './shapes';
import { baseTime, type CustomSource, givenSource, unique } from './world';

/** Longer than any service may be away. */
const PATIENCE_MS = 120_000;

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

const textOf = ({ content }: Message): string => {
  if (typeof content === 'string') return content;
  const shaped = content as { readonly text?: string; readonly message?: { readonly text?: string } };
  return shaped.text ?? shaped.message?.text ?? JSON.stringify(content);
};

/** Proves that every message of the ledger is listed exactly once, and nothing else is. */
async function expectLedger(api: Client, ledger: Ledger): Promise<void> {
  const conversationsOf = async (channel: string) => {
    const request = { filters: `channel_id:${channel}`, page_size: 10_000 };
    return (await api.expect<Page<Conversation>>(200, '/conversations.list', request)).data;
  };
  await eventually(async () => {
    for (const [channel, texts] of ledger.texts) {
      const unread = (await conversationsOf(channel)).reduce((sum, one) => sum + one.metadata.unread_count, 0);
      expect(unread).toBe(texts.size);
    }
  }, PATIENCE_MS);
  for (const [channel, texts] of ledger.texts) {
    const listed: string[] = [];
    for (const conversation of await conversationsOf(channel)) {
      const body = { conversation_id: conversation.id, page_size: 10_000 };
      const messages = await api.expect<Page<Message>>(200, '/messages.list', body);
      expect(messages.pagination_data.total).toBe(messages.data.length);
      expect(conversation.metadata.unread_count).toBe(messages.data.length);
      expect(new Set(messages.data.map((one) => one.id)).size).toBe(messages.data.length);
      listed.push(...messages.data.map(textOf));
    }
    expect(listed.sort()).toEqual([...texts].sort());
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

type Sender = (number: number) => Promise<void>;

function customSender(ledger: Ledger, source: CustomSource, random: Random): Sender {
  return async (number) => {
    const contents = Array.from({ length: random.between(1, 6) }, (_, i) => `custom ${random.seed} ${number} ${i}`);
    const messages = contents.map((content, i) =>
      source.message(`c${random.between(0, 12)}`, { content, sent_at: baseTime + number * 10 + i }),
    );
    await insist(ledger, () => source.ingest.post('/sources.webhook', { messages }));
    ledger.sent(source.channel.id, contents);
  };
}

function facebookSender(ledger: Ledger, system: System, page: MetaPage, channel: Channel, random: Random): Sender {
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

function visitorSender(ledger: Ledger, system: System, token: string, channel: Channel, random: Random): Sender {
  return async (number) => {
    const message = `visitor ${random.seed} ${number}`;
    const headers = { 'idempotency-key': message };
    const visitor = system.ingest.withToken(token);
    await insist(ledger, () => visitor.post('/chatplugin.send', { message: { text: message } }, { headers }));
    ledger.sent(channel.id, [message]);
  };
}

/** An agent's clicks: conversations are tagged while everything falls. @returns tagged ids */
function tagger(ledger: Ledger, system: System, tagId: string, tagged: Set<string>, random: Random): Sender {
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

export interface Load {
  readonly ledger: Ledger;
  /** The page's channel. */
  readonly facebook: Channel;
  /** Ids of the conversations that were tagged, and the tag. */
  readonly tagged: ReadonlySet<string>;
  readonly tag: string;
  /** Aborted when the load was ended, or failed. */
  readonly ended: AbortSignal;
  /** Ends it once what is under way has got its 2xx. @throws what made it fail */
  stop(): Promise<void>;
}

/** Sends to every kind of source, and tags, until it is stopped or fails. */
export async function startLoad(system: System, random: Random): Promise<Load> {
  const fork = () => randomFrom(random.between(0, 2 ** 31));
  const ledger = new Ledger();
  const source = await givenSource(system);
  const page: MetaPage = { object: 'page', id: unique('page-') };
  const facebook = await system.api.expect<Channel>(200, '/channels.facebook.connect', {
    page_id: page.id,
    page_token: 't',
  });
  const site = await system.api.expect<Channel>(200, '/channels.chatplugin.connect', { name: unique('site') });
  const visitors = await Promise.all(
    [1, 2].map(() => system.ingest.expect<{ token: string }>(200, '/chatplugin.authenticate', { channel_id: site.id })),
  );
  const tag = await system.api.expect<{ id: string }>(201, '/tags.create', { name: unique('t'), color: 'tag-red' });
  const tagged = new Set<string>();
  const senders: Sender[] = [
    ...[1, 2].map(() => customSender(ledger, source, fork())),
    ...[1, 2].map(() => facebookSender(ledger, system, page, facebook, fork())),
    ...visitors.map(({ token }) => visitorSender(ledger, system, token, site, fork())),
    tagger(ledger, system, tag.id, tagged, fork()),
  ];
  const end = new AbortController();
  const all = Promise.all(
    senders.map(async (send) => {
      for (let number = 0; !end.signal.aborted; number += 1) {
        await send(number);
        await delay(15);
      }
    }),
  ).finally(() => end.abort());
  // Told to whoever stops it.
  all.catch(() => {});
  return {
    ledger,
    facebook,
    tagged,
    tag: tag.id,
    ended: end.signal,
    stop: async () => {
      end.abort();
      await all;
    },
  };
}

/** Proves that what a load was answered holds: its messages, and its tags. */
export async function expectKept(api: Client, { ledger, tag, tagged }: Load): Promise<void> {
  await expectLedger(api, ledger);
  const { data } = await api.expect<Page<Conversation>>(200, '/conversations.list', {
    page_size: 10_000,
    filters: `tag_ids:${tag}`,
  });
  expect(data.map((one) => one.id).sort()).toEqual([...tagged].sort());
}
