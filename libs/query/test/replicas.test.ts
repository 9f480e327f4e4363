import * as fc from 'fast-check';
import { openQueryClient, type QueryClient } from '../src';
import { StandIn } from './stand-in';

const ALL = [0, 1, 2, 3];

let standIns: StandIn[];
let clients: QueryClient[];
beforeEach(() => {
  standIns = [];
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  for (const standIn of standIns) await standIn.die();
});

async function start(partitions: readonly number[] = ALL, position?: number): Promise<StandIn> {
  const standIn = await StandIn.start(partitions, position);
  standIns.push(standIn);
  return standIn;
}

function client(...asked: readonly StandIn[]): QueryClient {
  const made = openQueryClient({ urls: asked.map(({ url }) => url), token: 'a token', partitions: ALL.length });
  clients.push(made);
  return made;
}

const count = async (queries: QueryClient) => (await queries.countConversations(null, [undefined]))[0];
/** The position that its partition's answer came from. */
const seen = async (queries: QueryClient, id = 'a') => (await queries.getConversation(id, null))?.unreadCount ?? 0;

/** Ends long before anybody loses patience with the test, so that a condition that never holds leaves nothing running. */
const UNTIL_MS = 25_000;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + UNTIL_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`still not so: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('aggregators that share partitions', () => {
  it('are asked for each partition exactly once, however they overlap and whichever die', async () => {
    const served = fc.array(fc.subarray(ALL, { minLength: 1 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(served, fc.nat(), async (sets, dies) => {
        const team = await Promise.all([...sets, ALL].map((partitions) => start(partitions)));
        const queries = client(...team);
        expect(await count(queries)).toBe(ALL.length);
        await team[dies % sets.length]?.die();
        expect(await count(queries)).toBe(ALL.length);
        expect(await count(queries)).toBe(ALL.length);
      }),
      { numRuns: 25 },
    );
  });

  it('prefers the first while nothing speaks against it', async () => {
    const [one, other] = [await start(), await start()];
    const queries = client(one, other);
    await until(async () => (await queries.positions()).length === ALL.length);
    for (let i = 0; i < 20; i += 1) await count(queries);
    expect(one.count('count') + other.count('count')).toBeLessThan(25);
    expect(one.count('count')).toBeGreaterThan(15);
  });

  it('names the partitions that nobody serves, and gives no short answer', async () => {
    const queries = client(await start([0, 3]), await start([3]));
    await expect(count(queries)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryAfterS: 1,
      message: expect.stringContaining('partition 1, 2 '),
    });
  });

  it('tells no positions of one that has not caught up yet: it answers no questions', async () => {
    const one = await start();
    const queries = client(one);
    one.serving = false;
    await expect(queries.positions()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    one.serving = true;
    expect(await queries.positions()).toHaveLength(ALL.length);
  });

  it('names the partition whose only aggregator died, and answers again when it is back', async () => {
    const [low, high] = [await start([0, 1]), await start([2, 3])];
    const queries = client(low, high);
    expect(await count(queries)).toBe(4);
    await high.die();
    await expect(count(queries)).rejects.toMatchObject({ message: expect.stringContaining('partition 2, 3 ') });
    await high.listen();
    expect(await count(queries)).toBe(4);
  });
});

describe('a replica that is slow or stopped', () => {
  it('does not keep a question waiting', async () => {
    const [one, other] = [await start(), await start()];
    const queries = client(one, other);
    expect(await count(queries)).toBe(4);
    one.stop();
    for (let i = 0; i < 50; i += 1) expect(await count(queries)).toBe(4);
    // One that is silent is soon asked nothing any more but whether it lives.
    let before = 0;
    await until(async () => {
      before = one.count('count');
      for (let i = 0; i < 50; i += 1) expect(await count(queries)).toBe(4);
      return one.count('count') === before;
    });
    one.resume();
    await until(async () => {
      await count(queries);
      return one.count('count') > before;
    });
  });

  it('is given up on with all that it was asked', async () => {
    const [one, other] = [await start(), await start()];
    const queries = client(one, other);
    expect(await count(queries)).toBe(4);
    one.stop();
    // Many more than may be asked twice.
    const answers = await Promise.all(Array.from({ length: 100 }, () => count(queries)));
    expect(new Set(answers)).toEqual(new Set([4]));
  });

  it('is not answered with twice the load where all are slow', async () => {
    const [one, other] = [await start(), await start()];
    const queries = client(one, other);
    expect(await count(queries)).toBe(4);
    one.takesMs = 300;
    other.takesMs = 300;
    for (let i = 0; i < 5; i += 1) await Promise.all(Array.from({ length: 40 }, () => count(queries)));
    expect(one.count('count') + other.count('count')).toBeLessThan(201 + 10 + 25);
  });
});

describe('answers never go back', () => {
  it('behind what another replica answered', async () => {
    const [ahead, behind] = [await start(ALL, 10), await start(ALL, 5)];
    const queries = client(behind, ahead);
    await behind.die();
    expect(await seen(queries)).toBe(10);
    await behind.listen();
    // Both are there again, and the one that is behind is the first.
    await until(async () => {
      expect(await seen(queries)).toBe(10);
      return behind.count('positions') > 1;
    });
    for (let i = 0; i < 20; i += 1) expect(await seen(queries)).toBe(10);
    for (const partition of ALL) behind.applied.set(partition, 11);
    await until(async () => (await seen(queries)) === 11);
  });

  it('whichever replica lags, in any order of questions', async () => {
    const step = fc.record({ replica: fc.nat({ max: 2 }), applies: fc.nat({ max: 3 }), dies: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const team = await Promise.all([start(), start(), start()]);
        const queries = client(...team);
        let newest = 0;
        for (const { replica, applies, dies } of steps) {
          const chosen = team[replica];
          for (const [partition, at] of chosen?.applied ?? []) chosen?.applied.set(partition, at + applies);
          // One at a time is away; it comes back as it was.
          if (dies) await chosen?.die();
          const now = await seen(queries).catch(() => newest);
          expect(now).toBeGreaterThanOrEqual(newest);
          newest = now;
          if (dies) await chosen?.listen();
        }
      }),
      { numRuns: 8 },
    );
  });

  it('once an event is applied by any: the next read demands it', async () => {
    const [one, other] = [await start(ALL, 5), await start(ALL, 5)];
    const queries = client(one, other);
    expect(await seen(queries)).toBe(5);
    other.applied.set(2, 8);
    one.stop();
    expect(await queries.awaitApplied({ partition: 2, offset: 7 }, 5_000)).toBe(true);
    one.resume();
    expect(await count(queries)).toBe(4);
    expect(other.asked.at(-1)?.body.partitions).toContainEqual([2, 8]);
    expect(await queries.awaitApplied({ partition: 2, offset: 8 }, 50)).toBe(false);
  });

  it('asks one that is out of touch not even where the one that is in touch is slow', async () => {
    const [fresh, old] = [await start(ALL, 10), await start(ALL, 5)];
    old.inTouch = false;
    fresh.takesMs = 400;
    // Each is a client that was told nothing yet; those of one team know which of the two is slow.
    for (let round = 0; round < 3; round += 1) {
      const queries = client(fresh, old);
      await until(async () => (await queries.positions()).every(({ inTouch }) => inTouch));
      const all = await Promise.all(Array.from({ length: 3 }, () => seen(queries)));
      expect(new Set(all)).toEqual(new Set([10]));
    }
  });

  it('asks one that is out of touch not for having answered first who serves what', async () => {
    const [fresh, old] = [await start(ALL, 10), await start(ALL, 5)];
    old.inTouch = false;
    fresh.probesTakeMs = 100;
    expect(await seen(client(fresh, old))).toBe(10);
  });

  it('asks one that is in touch, and one that is not only where none is', async () => {
    const [one, other] = [await start(), await start()];
    const queries = client(one, other);
    expect(await count(queries)).toBe(4);
    one.inTouch = false;
    const before = one.count('count');
    expect(await count(queries)).toBe(4);
    expect(one.count('count')).toBe(before + 1);
    expect(await count(queries)).toBe(4);
    expect(one.count('count')).toBe(before + 1);
    other.inTouch = false;
    expect(await count(queries)).toBe(4);
    one.inTouch = true;
    await until(async () => (await count(queries)) === 4 && one.asked.at(-1)?.body.inTouch === true);
  });
});

describe('waiting for an event', () => {
  it('ends in time where the only aggregator is stopped', async () => {
    const one = await start();
    const queries = client(one);
    expect(await count(queries)).toBe(4);
    one.stop();
    expect(await queries.awaitApplied({ partition: 0, offset: 100 }, 100)).toBe(false);
  });

  it('goes to another replica where one is stopped', async () => {
    const [one, other] = [await start(ALL, 5), await start(ALL, 5)];
    const queries = client(one, other);
    one.stop();
    other.applied.set(0, 101);
    expect(await queries.awaitApplied({ partition: 0, offset: 100 }, 5_000)).toBe(true);
  });
});
