import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openQueryClient, type QueryClient } from '@parley/query';
import { createApp, systemAuthenticator } from '@parley/service-kit';
import { pino } from 'pino';
import type { Aggregator } from '../src/aggregator';
import { queryRoutes } from '../src/query/routes';
import { applied, conversationId, messageId, openWorld, PARTITIONS, read, received, type World } from './world';

const TOKEN = 'a token for tests';

let world: World;
let servers: Server[];
let clients: QueryClient[];

beforeEach(async () => {
  world = await openWorld();
  servers = [];
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await world.close();
});

async function serve(aggregator: Aggregator, port = 0): Promise<number> {
  const routes = queryRoutes(aggregator, systemAuthenticator({ systemToken: TOKEN, jwtSecret: TOKEN }));
  const server = createServer(createApp({ routes: () => routes, logger: pino({ level: 'silent' }) }));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, resolve));
  return (server.address() as AddressInfo).port;
}

function client(ports: readonly number[], token = TOKEN): QueryClient {
  const made = openQueryClient({
    urls: ports.map((port) => `http://127.0.0.1:${port}`),
    token,
    partitions: PARTITIONS,
  });
  clients.push(made);
  return made;
}

const events = Array.from({ length: 60 }, (_, i) => received(`c${i % 25}`, `m${i}`, 1_000 + ((i * 37) % 60)));
const everyone = { accounts: null } as const;

async function walk(queries: QueryClient, size: number): Promise<readonly string[]> {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await queries.searchConversations({ ...everyone, size, cursor });
    expect(page.total).toBe(25);
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return seen;
}

describe('the client of the query API', () => {
  it('asks one aggregator for everything', async () => {
    const aggregator = await world.aggregator();
    const queries = client([await serve(aggregator)]);
    const positions = await world.append([...events, read('c3', 'r1')]);
    for (const at of positions) expect(await queries.awaitApplied(at, 30_000)).toBe(true);

    expect(await queries.countConversations(null, [undefined, 'unread_count:0', 'nothing:x'])).toEqual([25, 1, 0]);
    expect((await queries.getConversation(conversationId('c3'), [1]))?.unreadCount).toBe(0);
    expect(await queries.getConversation(conversationId('c3'), [2])).toBeUndefined();
    expect(await queries.getConversation(conversationId('none'), null)).toBeUndefined();
    const page = await queries.listMessages({ ...everyone, conversationId: conversationId('c3'), size: 2 });
    expect(page).toMatchObject({ total: 3, previousCursor: null });
    expect(
      await queries.listMessages({ ...everyone, conversationId: conversationId('none'), size: 2 }),
    ).toBeUndefined();
    expect((await queries.getMessage(messageId('m3'), null))?.message.conversationId).toBe(conversationId('c3'));
    expect(await queries.getMessage(messageId('none'), null)).toBeUndefined();
    expect(await queries.positions()).toHaveLength(PARTITIONS);
    expect((await queries.stateHash()).reduce((sum, { conversations }) => sum + conversations, 0)).toBe(25);
  });

  it('says which field of a query is to blame', async () => {
    const queries = client([await serve(await world.aggregator())]);
    await expect(queries.searchConversations({ ...everyone, size: 5, query: 'a AND (' })).rejects.toMatchObject({
      code: 'INVALID_QUERY',
      field: 'filters',
    });
    await expect(queries.searchConversations({ ...everyone, size: 5, cursor: 'not-a-cursor' })).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
      field: 'cursor',
    });
    await expect(
      client([servers.map((s) => (s.address() as AddressInfo).port)[0] ?? 0], 'wrong').positions(),
    ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('merges aggregators of different partitions into what one would answer', async () => {
    const whole = await world.aggregator();
    const low = await world.aggregator({ settings: { partitions: [0, 1], replica: 0 } });
    const high = await world.aggregator({ settings: { partitions: [2], replica: 0 } });
    const replica = await world.aggregator({ settings: { partitions: [2], replica: 1 } });
    const positions = await world.append(events);
    for (const aggregator of [whole, low, high, replica]) {
      await applied(
        aggregator,
        positions.filter(({ partition }) => aggregator.positions().some((p) => p.partition === partition)),
      );
    }
    const one = client([await serve(whole)]);
    const several = client([await serve(low), await serve(high), await serve(replica)]);

    expect(await walk(several, 4)).toEqual(await walk(one, 4));
    for (const request of [
      { size: 7 },
      { size: 7, offset: 14 },
      { size: 7, offset: 21 },
      { size: 7, offset: 70 },
      { size: 5, query: 'unread_count:[2 TO *]' },
      { size: 5, items: false },
    ]) {
      const expected = await one.searchConversations({ ...everyone, ...request });
      expect(await several.searchConversations({ ...everyone, ...request })).toEqual(expected);
      if (expected.nextCursor && !('offset' in request)) {
        const next = { ...everyone, ...request, cursor: expected.nextCursor };
        const second = await one.searchConversations(next);
        expect(await several.searchConversations(next)).toEqual(second);
        const back = { ...everyone, ...request, cursor: second.previousCursor ?? undefined };
        expect(await several.searchConversations(back)).toEqual(await one.searchConversations(back));
      }
    }
    expect(await several.countConversations(null, [undefined])).toEqual([25]);
    expect((await several.getMessage(messageId('m7'), null))?.message.id).toBe(messageId('m7'));
    expect(await several.stateHash()).toEqual(await one.stateHash());
  });

  it('waits out the restart of an aggregator', async () => {
    const first = await world.aggregator();
    const port = await serve(first);
    const queries = client([port]);
    await applied(first, await world.append(events));
    expect(await queries.countConversations(null, [undefined])).toEqual([25]);

    const [server] = servers.splice(0);
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    await first.close();
    const answer = queries.countConversations(null, [undefined]);
    await serve(await world.aggregator({ wait: false }), port);
    expect(await answer).toEqual([25]);
  });

  it('gives up on aggregators that stay away', async () => {
    await expect(client([1]).countConversations(null, [undefined])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }, 20_000);
});
