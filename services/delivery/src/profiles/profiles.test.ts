import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, Codec, type ConversationEvent, type SchemaRegistry, topicSpec, topics } from '@parley/contracts';
import type { ConversationView } from '@parley/conversations';
import { type Log, LogError, openEmbeddedLog, openEmbeddedRegistry } from '@parley/log';
import type { QueryClient } from '@parley/query';
import { AppError, createLogger, EventWriter, loadConfig, Table } from '@parley/service-kit';
import { openProviderClient } from '@parley/sources';
import { EventFeed } from '../feed/event-feed';
import { ProfileFetcher } from './profile-fetcher';

const PARTITIONS = 2;
const logger = createLogger('delivery', 'silent');

/** The Graph API as far as profiles go: `answers` says what a contact's profile is. */
class GraphStandIn {
  readonly asked: string[] = [];
  private server: Server | undefined;
  answers: (contactId: string) => { readonly status: number; readonly body: object } | 'no answer' = () => ({
    status: 200,
    body: { first_name: 'Rosa', last_name: 'Luz', profile_pic: 'https://cdn.example.org/rosa.jpg' },
  });

  async start(): Promise<string> {
    const server = createServer((request, response) => {
      const contactId = (request.url ?? '').split('?')[0]?.split('/').at(-1) ?? '';
      this.asked.push(contactId);
      const answer = this.answers(contactId);
      if (answer === 'no answer') request.socket.destroy();
      else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.server = server;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server?.close(() => resolve());
      this.server?.closeAllConnections();
    });
  }
}

/** Of the aggregator only what is asked here: the contact metadata of a conversation. */
class Conversations implements Pick<QueryClient, 'awaitApplied' | 'getConversation'> {
  readonly contacts = new Map<string, { readonly fetch_state?: string }>();
  away = 0;
  asked = 0;

  async awaitApplied(): Promise<boolean> {
    this.asked += 1;
    if (this.away-- > 0) throw new AppError('UNAVAILABLE', { message: 'the aggregator does not answer' });
    return true;
  }

  async getConversation(id: string): Promise<ConversationView | undefined> {
    const contact = this.contacts.get(id);
    // The fetcher reads these two alone.
    return contact && ({ sourceContactId: `contact-of-${id}`, metadata: { contact } } as unknown as ConversationView);
  }
}

const channel: Channel = {
  id: 'page-channel',
  accountId: 1,
  source: 'facebook',
  sourceChannelId: 'fb-page-1',
  connected: true,
  metadata: {},
  token: 'page-token',
  createdAt: 1,
  updatedAt: 1,
};

let dir: string;
let log: Log;
let registry: SchemaRegistry;
let events: EventWriter;
let channels: Table<'Channel'>;
let graph: GraphStandIn;
let graphUrl: string;
let conversations: Conversations;
let running: (() => Promise<void>)[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-delivery-'));
  log = await openEmbeddedLog({ dir: join(dir, 'log') });
  registry = await openEmbeddedRegistry({ dir: join(dir, 'log') });
  await log.ensureTopics([topics.conversationEvents, topics.channels].map((topic) => topicSpec(topic, PARTITIONS)));
  events = await EventWriter.open(log, registry);
  channels = await Table.open({ log, registry, logger }, topics.channels);
  await channels.put(channel.id, channel);
  graph = new GraphStandIn();
  graphUrl = await graph.start();
  conversations = new Conversations();
  running = [];
});

afterEach(async () => {
  for (const stop of running) await stop();
  await channels.close();
  await log.close();
  await graph.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function startFetching(
  tries = 3,
  inFlightMax = 100,
  writer: Pick<EventWriter, 'append'> = events,
): Promise<() => Promise<void>> {
  const env = { DATA_DIR: dir, FACEBOOK_APP_ID: '1', FACEBOOK_APP_SECRET: 'app-secret', FACEBOOK_API_URL: graphUrl };
  const fetcher = new ProfileFetcher({
    query: conversations,
    channels,
    events: writer,
    provider: { client: openProviderClient(2_000), settings: loadConfig(env).providers },
    logger,
    concurrency: 4,
    tries,
    firstDelayMs: 5,
    maxDelayMs: 20,
    now: () => 42,
  });
  const feed = await EventFeed.open(
    { log, registry, logger },
    { group: 'delivery-profiles', handle: (event, at) => fetcher.handle(event, at), inFlightMax },
  );
  const stop = async () => {
    fetcher.stop();
    await feed.close();
  };
  running.push(stop);
  return stop;
}

let made = 0;
function message(
  conversationId: string,
  options: Partial<{ fromContact: boolean; source: string; channelId: string }> = {},
) {
  made += 1;
  const { fromContact = true, source = 'facebook', channelId = channel.id } = options;
  const event: ConversationEvent = {
    type: 'MessageReceived',
    value: {
      eventId: `event-${made}`,
      accountId: 1,
      conversationId,
      occurredAt: made,
      actorKind: 'contact',
      actorId: null,
      cause: null,
      messageId: `message-${made}`,
      channelId,
      source,
      sourceMessageId: null,
      sourceConversationId: null,
      sourceContactId: `contact-of-${conversationId}`,
      fromContact,
      senderId: 's',
      content: '{}',
      text: null,
      supported: true,
      sentAt: made,
      headers: {},
    },
  };
  return event;
}

function refetch(conversationId: string, sourceContactId: string | null = null): ConversationEvent {
  made += 1;
  return {
    type: 'ContactRefetchRequested',
    value: {
      eventId: `event-${made}`,
      accountId: 1,
      conversationId,
      occurredAt: made,
      actorKind: 'api',
      actorId: null,
      cause: 'command:refetch',
      channelId: channel.id,
      source: 'facebook',
      sourceContactId,
    },
  };
}

/** What was written of a conversation's contact, in log order. */
async function written(conversationId: string): Promise<{ eventId: string; set: Record<string, string> }[]> {
  const codec = await Codec.open(topics.conversationEvents, registry);
  const reader = await log.reader(topics.conversationEvents.name, 'earliest');
  const found: { eventId: string; set: Record<string, string> }[] = [];
  for (let batch = await reader.next(); batch; batch = await reader.next()) {
    for (const { value } of batch.records) {
      const event = value && ((await codec.decode(value)) as ConversationEvent);
      if (event?.type !== 'ConversationMetadataChanged' || event.value.conversationId !== conversationId) continue;
      found.push({ eventId: event.value.eventId, set: { ...event.value.set } });
    }
  }
  await reader.close();
  return found;
}

async function eventually<T>(check: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await check();
    if (found) return found;
    await sleep(10);
  }
}

const firstWritten = (conversationId: string) =>
  eventually(async () => (await written(conversationId))[0]).then(({ set }) => set);

/** Everything up to now is done and committed. A partition that never had anything needs no commit. */
const allDone = () =>
  eventually(async () => {
    const committed = await log.committed('delivery-profiles', topics.conversationEvents.name);
    const ends = await log.ends(topics.conversationEvents.name);
    return [...ends].every(([partition, end]) => end === (committed.get(partition) ?? 0));
  });

const ROSA = {
  'contact.display_name': '"Rosa Luz"',
  'contact.avatar_url': '"https://cdn.example.org/rosa.jpg"',
  'contact.fetch_state': '"ok"',
};

describe('contact profiles', () => {
  it("are fetched once, on a contact's first message", async () => {
    await events.append([message('a'), message('a'), message('b')]);
    await startFetching();
    expect(await firstWritten('a')).toEqual(ROSA);
    expect(await firstWritten('b')).toEqual(ROSA);
    await events.append([message('a')]);
    await allDone();
    expect(graph.asked.sort()).toEqual(['contact-of-a', 'contact-of-b']);
  });

  it('are not fetched for what the page said, nor of a source that tells nothing', async () => {
    await startFetching();
    await events.append([message('a', { fromContact: false }), message('b', { source: 'twilio.sms' })]);
    await allDone();
    expect([graph.asked, conversations.asked]).toEqual([[], 0]);
  });

  it.each(['ok', 'failed'])('are not fetched again where it was %s', async (fetch_state) => {
    conversations.contacts.set('a', { fetch_state });
    await events.append([message('a')]);
    await startFetching();
    await allDone();
    expect(graph.asked).toEqual([]);
  });

  it('are fetched again when somebody asks, whatever came of it before', async () => {
    conversations.contacts.set('a', { fetch_state: 'failed' });
    await events.append([refetch('a')]);
    await startFetching();
    expect(await firstWritten('a')).toEqual(ROSA);
    expect(graph.asked).toEqual(['contact-of-a']);
  });

  it('are failed where the provider refuses', async () => {
    graph.answers = () => ({ status: 400, body: { error: { message: 'no such user', code: 100 } } });
    await events.append([message('a')]);
    await startFetching();
    expect(await firstWritten('a')).toEqual({ 'contact.fetch_state': '"failed"' });
  });

  it('are failed after some tries where the provider does not answer, and hold up nobody', async () => {
    const rosa = graph.answers;
    graph.answers = (contactId) => (contactId === 'contact-of-a' ? 'no answer' : rosa(contactId));
    await events.append([message('a'), message('b')]);
    await startFetching();
    expect(await firstWritten('b')).toEqual(ROSA);
    expect(await firstWritten('a')).toEqual({ 'contact.fetch_state': '"failed"' });
    expect(graph.asked.filter((contactId) => contactId === 'contact-of-a')).toHaveLength(3);
  });

  it('are there in the end where the provider comes back', async () => {
    const rosa = graph.answers;
    let refused = 0;
    graph.answers = (contactId) => (refused++ < 2 ? 'no answer' : rosa(contactId));
    await events.append([message('a')]);
    await startFetching(10);
    expect(await firstWritten('a')).toEqual(ROSA);
  });

  it('wait for an aggregator that is away, for as long as it takes', async () => {
    conversations.away = 8;
    await events.append([message('a')]);
    await startFetching();
    expect(await firstWritten('a')).toEqual(ROSA);
  });

  it('are written once the log is back, and not asked for again', async () => {
    await events.append([message('a')]);
    let away = 2;
    await startFetching(3, 100, {
      append: async (written) => {
        if (away-- > 0) throw new LogError('LOG_UNAVAILABLE', 'no broker can be reached');
        return events.append(written);
      },
    });
    expect(await firstWritten('a')).toEqual(ROSA);
    expect(graph.asked).toEqual(['contact-of-a']);
  });

  it('are left alone where the channel is gone: the next message asks again', async () => {
    await channels.put(channel.id, { ...channel, connected: false });
    await events.append([message('a')]);
    await startFetching();
    await allDone();
    expect(await written('a')).toEqual([]);
    await channels.put(channel.id, channel);
    await events.append([message('a')]);
    expect(await firstWritten('a')).toEqual(ROSA);
  });

  it('are read no faster than they are fetched', async () => {
    const contacts = Array.from({ length: 30 }, (_, i) => `c${i}`);
    for (const contact of contacts) await events.append([message(contact)]);
    await startFetching(3, 1);
    await allDone();
    expect(graph.asked.sort()).toEqual(contacts.map((contact) => `contact-of-${contact}`).sort());
  });

  it('go on after a stop in the midst, and a repetition is the same event', async () => {
    graph.answers = () => 'no answer';
    await events.append([message('a')]);
    const stop = await startFetching(1_000_000);
    await eventually(async () => graph.asked.length > 2);
    await stop();
    expect(await written('a')).toEqual([]);

    graph.answers = () => ({ status: 200, body: { first_name: 'Rosa', last_name: '' } });
    await (await startFetching().then((again) => firstWritten('a').then(() => again)))();
    await log.resetOffsets(
      'delivery-profiles',
      topics.conversationEvents.name,
      new Map([
        [0, 0],
        [1, 0],
      ]),
    );
    await startFetching();
    const both = await eventually(async () => {
      const found = await written('a');
      return found.length > 1 && found;
    });
    expect(new Set(both.map(({ eventId }) => eventId)).size).toBe(1);
  });
});
