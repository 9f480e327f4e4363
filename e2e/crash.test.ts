/**
 * The four services under load while each of them is killed again and again. What got a 2xx is there once; what got
 * none is sent again by its sender, as providers do.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { customSender, facebookSender, Ledger, type Sender, tagger, visitorSender } from './crash/load';
import { type ServiceName, System, serviceNames, useSystem } from './harness';
import type { Json } from './support/client';
import { eventually } from './support/eventually';
import { firstNameOf, type GraphApi, startGraphApi } from './support/graph-api';
import type { MetaPage } from './support/providers';
import { type Random, randomFrom, seed } from './support/random';
import type { Channel, Conversation, Message, Page } from './support/shapes';
import { givenSource, unique } from './support/world';

const KILLS_OF_EACH = 20;
const TEST_MS = 300_000;

let graph: GraphApi | undefined;
const sut = useSystem(async () => {
  graph = await startGraphApi();
  return {
    mode: 'services',
    env: { FACEBOOK_API_URL: graph.url, OUTBOUND_ALLOW: '127.0.0.0/8', LOG_LEVEL: 'warn' },
  };
});
afterAll(() => graph?.close());

/** Kills a service at random moments, now and then while it is still starting, and starts it again. */
async function tormentor(system: System, name: ServiceName, random: Random, stopped: AbortSignal): Promise<number> {
  let kills = 0;
  while (kills < KILLS_OF_EACH && !stopped.aborted) {
    if (random.next() < 0.75) await system.ready(name);
    await delay(random.between(20, 900));
    await system.kill(name);
    kills += 1;
    system.launchService(name);
  }
  await system.ready(name);
  return kills;
}

interface Hash {
  readonly partition: number;
  readonly applied: number;
  readonly hash: string;
  readonly conversations: number;
}

async function stateHash(system: System): Promise<readonly Hash[]> {
  const answer = await system.aggregator.expect<Json>(200, '/query/state-hash', {});
  const hashes = Array.isArray(answer) ? answer : Object.values(answer ?? {}).find(Array.isArray);
  expect(hashes).toEqual(expect.arrayContaining([expect.objectContaining({ hash: expect.any(String) })]));
  return hashes as readonly Hash[];
}

const textOf = ({ content }: Message): string => {
  if (typeof content === 'string') return content;
  const shaped = content as { readonly text?: string; readonly message?: { readonly text?: string } };
  return shaped.text ?? shaped.message?.text ?? JSON.stringify(content);
};

sut.it(
  `nothing acknowledged is lost or doubled, each service killed ${KILLS_OF_EACH} times (SEED=${seed})`,
  async (system) => {
    const random = randomFrom(seed);
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
      [1, 2].map(() =>
        system.ingest.expect<{ token: string }>(200, '/chatplugin.authenticate', { channel_id: site.id }),
      ),
    );
    const tag = await system.api.expect<{ id: string }>(201, '/tags.create', { name: unique('t'), color: 'tag-red' });
    const tagged = new Set<string>();

    const senders: Sender[] = [
      ...[1, 2].map(() => customSender(ledger, source, fork())),
      ...[1, 2].map(() => facebookSender(ledger, system, page, facebook, fork())),
      ...visitors.map(({ token }) => visitorSender(ledger, system, token, site, fork())),
      tagger(ledger, system, tag.id, tagged, fork()),
    ];
    // Ends the load when all is killed often enough, and everything as soon as anything fails.
    const done = new AbortController();
    const load = senders.map(async (send) => {
      for (let number = 0; !done.signal.aborted; number += 1) {
        await send(number);
        await delay(15);
      }
    });
    const kills = Promise.all(serviceNames.map((name) => tormentor(system, name, fork(), done.signal)));
    const all = [kills.finally(() => done.abort()), ...load];
    await Promise.all(all)
      .finally(() => done.abort())
      .finally(() => Promise.allSettled(all));
    expect(await kills).toEqual(serviceNames.map(() => KILLS_OF_EACH));
    process.stderr.write(
      `${ledger.count} messages acknowledged, ${ledger.retries} tries refused, ${tagged.size} tagged\n`,
    );

    // Every acknowledged message is listed exactly once, and nothing else is.
    await eventually(async () => {
      for (const [channel, texts] of ledger.texts) {
        const request = { filters: `channel_id:${channel}`, page_size: 10_000 };
        const { data } = await system.api.expect<Page<Conversation>>(200, '/conversations.list', request);
        expect(data.reduce((sum, one) => sum + one.metadata.unread_count, 0)).toBe(texts.size);
      }
    }, 60_000);
    for (const [channel, texts] of ledger.texts) {
      const request = { filters: `channel_id:${channel}`, page_size: 10_000 };
      const { data } = await system.api.expect<Page<Conversation>>(200, '/conversations.list', request);
      const listed: string[] = [];
      for (const conversation of data) {
        const body = { conversation_id: conversation.id, page_size: 10_000 };
        const messages = await system.api.expect<Page<Message>>(200, '/messages.list', body);
        expect(messages.pagination_data.total).toBe(messages.data.length);
        expect(conversation.metadata.unread_count).toBe(messages.data.length);
        expect(new Set(messages.data.map((one) => one.id)).size).toBe(messages.data.length);
        listed.push(...messages.data.map(textOf));
      }
      expect(listed.sort()).toEqual([...texts].sort());
    }

    // What the api acknowledged holds as well.
    const { data } = await system.api.expect<Page<Conversation>>(200, '/conversations.list', {
      page_size: 10_000,
      filters: `tag_ids:${tag.id}`,
    });
    expect(data.map((one) => one.id).sort()).toEqual([...tagged].sort());

    // Delivery caught up, too: each contact of the page has the name that the provider tells.
    await eventually(async () => {
      const request = { filters: `channel_id:${facebook.id}`, page_size: 10_000 };
      for (const one of (await system.api.expect<Page<Conversation>>(200, '/conversations.list', request)).data) {
        expect(one.metadata.contact.display_name).toBe(`${firstNameOf(one.last_message.sender.id)} Last`);
      }
    }, 60_000);

    // A fresh aggregator over the same log reaches the same state, hash by hash.
    const running = await stateHash(system);
    const { total } = (await system.api.expect<Page<Conversation>>(200, '/conversations.list')).pagination_data;
    expect(running.reduce((sum, one) => sum + one.conversations, 0)).toBe(total);
    await system.stop();
    const copy = await mkdtemp(join(tmpdir(), 'parley-e2e-fresh-'));
    const state = join(system.dataDir, 'aggregator');
    await cp(system.dataDir, copy, { recursive: true, filter: (path) => path !== state });
    const fresh = await System.create({ mode: 'services', dataDir: copy });
    try {
      fresh.launchService('conversation-aggregator');
      await fresh.ready('conversation-aggregator');
      expect(await stateHash(fresh)).toEqual(running);
    } finally {
      await fresh.destroy();
      await rm(copy, { recursive: true, force: true });
    }
  },
  TEST_MS,
);
