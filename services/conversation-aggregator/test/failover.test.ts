import { describeWithKafka } from '@parley/kafka-dev';
import { type ConversationsPage, openQueryClient, type QueryClient, queryPaths, type Refusal } from '@parley/query';
import { AggregatorProcess } from './process';
import { conversationId, openWorld, PARTITIONS, received, TOKEN, until, type World } from './world';

const BUSY = 'busy';
jest.setTimeout(180_000);

let world: World;
let processes: AggregatorProcess[];
let clients: QueryClient[];
let written: number;

beforeEach(() => {
  processes = [];
  clients = [];
  written = 0;
});
afterEach(async () => {
  for (const client of clients) await client.close();
  for (const started of processes) await started.kill();
  await world.close();
});

function start(replica: number, port?: number): AggregatorProcess {
  const started = AggregatorProcess.start(world, { replica, ...(port !== undefined && { port }) });
  processes.push(started);
  return started;
}

function client(ports: readonly number[]): QueryClient {
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const made = openQueryClient({ urls, token: TOKEN, partitions: PARTITIONS });
  clients.push(made);
  return made;
}

/** One more message of the conversation that all lists look at: its count of messages only ever rises. */
async function write() {
  written += 1;
  const [position] = await world.append([received(BUSY, `m${written}`, written)]);
  if (!position) throw new Error('the log gave no position');
  return position;
}

async function listed(queries: QueryClient): Promise<number> {
  const page = await queries.searchConversations({ accounts: null, size: 1, query: `id:${conversationId(BUSY)}` });
  expect(page.total).toBe(1);
  return page.items[0]?.messageCount ?? 0;
}

/** Writes and lists until stopped. No list of a client shows less than the one before. */
function keepBusy(queries: readonly QueryClient[]) {
  let isOver = false;
  let lists = 0;
  const writing = async () => {
    while (!isOver) {
      await write();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const listing = async (one: QueryClient) => {
    for (let shown = 0; !isOver; lists += 1) {
      const now = await listed(one);
      expect(now).toBeGreaterThanOrEqual(shown);
      shown = now;
    }
  };
  const running = Promise.all([writing(), ...queries.map(listing)]);
  // Looked at when it is stopped; until then nobody minds.
  running.catch(() => {
    isOver = true;
  });
  return {
    get lists() {
      return lists;
    },
    /** Resolves when so many more lists were answered. */
    more: async (count: number) => {
      const from = lists;
      await until(() => isOver || lists >= from + count);
    },
    stop: async () => {
      isOver = true;
      await running;
    },
  };
}

function failoverCases(): void {
  it('one of two that is killed under steady lists is missed by nobody, nor is its return noticed', async () => {
    const [one, other] = [start(0), start(1)];
    const ports = [await one.port(), await other.port()];
    const queries = [client(ports), client(ports)];
    const at = await write();
    expect(await queries[0]?.awaitApplied(at, 30_000)).toBe(true);

    const busy = keepBusy(queries);
    await busy.more(50);
    await one.kill();
    await busy.more(100);
    const again = start(0, ports[0]);
    await again.says('caught up');
    await busy.more(100);
    await other.kill();
    await busy.more(100);
    await busy.stop();
  });

  it('one of two that was stopped for a while shows nobody anything older than was shown before', async () => {
    const [one, other] = [start(0), start(1)];
    const ports = [await one.port(), await other.port()];
    const queries = [client(ports), client(ports)];
    expect(await queries[0]?.awaitApplied(await write(), 30_000)).toBe(true);

    const busy = keepBusy(queries);
    await busy.more(50);
    for (let round = 0; round < 2; round += 1) {
      one.signal('SIGSTOP');
      const stoppedAt = performance.now();
      await busy.more(100);
      await until(() => performance.now() - stoppedAt > 1_000);
      one.signal('SIGCONT');
      await busy.more(100);
    }
    await busy.stop();
  });

  it('a question that waited in a stopped process is not answered from what it knew before', async () => {
    const [one, other] = [start(0), start(1)];
    const ports = [await one.port(), await other.port()];
    const queries = client(ports);
    expect(await queries.awaitApplied(await write(), 30_000)).toBe(true);
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => [partition, 0]);
    const ask = async (path: string, body: object) => {
      const answer = await fetch(`http://127.0.0.1:${ports[0]}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(body),
      });
      const text = await answer.text();
      return { status: answer.status, body: JSON.parse(text) as Refusal & ConversationsPage };
    };
    const query = `id:${conversationId(BUSY)}`;
    const request = { accounts: null, size: 1, query, partitions, inTouch: true };
    await until(async () => (await ask(queryPaths.search, request)).status === 200);

    one.signal('SIGSTOP');
    const waiting = Array.from({ length: 8 }, () => ask(queryPaths.search, request));
    const stoppedAt = performance.now();
    let last = await write();
    await until(async () => {
      last = await write();
      return performance.now() - stoppedAt > 1_000;
    });
    expect(await queries.awaitApplied(last, 10_000)).toBe(true);
    one.signal('SIGCONT');
    for (const { status, body } of await Promise.all(waiting)) {
      if (status === 503) expect(body.reason).toBe('out-of-touch');
      else expect(body.items[0]?.messageCount).toBe(written);
    }
    // It is in touch again by itself.
    await until(async () => (await ask(queryPaths.search, request)).status === 200);
  });
}

describe('two aggregators on the embedded log', () => {
  beforeEach(async () => {
    world = await openWorld();
  });
  failoverCases();
});

describeWithKafka('two aggregators on Kafka', (kafka) => {
  beforeEach(async () => {
    world = await openWorld(kafka());
  });
  failoverCases();
});
