import { topics } from '@parley/contracts';
import { LogError, type LogReader } from '@parley/log';
import { searchPage } from '../src/query/conversations';
import { locateMessage, messagesPage } from '../src/query/messages';
import {
  applied,
  conversationId,
  hashes,
  messageId,
  named,
  openWorld,
  read,
  received,
  shown,
  tagged,
  until,
  type World,
  withCalls,
} from './world';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const EVERYONE = { accounts: null, size: 20 } as const;

describe('an aggregator', () => {
  it('finds an event as soon as it is applied', async () => {
    const aggregator = await world.aggregator();
    await applied(aggregator, await world.append([received('a', 'm1', 10), named('a', 'n1', 'Grace')]));
    const found = JSON.parse(searchPage(shown(aggregator), { ...EVERYONE, query: 'display_name:grace' }));
    expect(found).toMatchObject({ total: 1, items: [{ id: conversationId('a'), unreadCount: 1 }] });

    await applied(aggregator, await world.append([read('a', 'r1')]));
    expect(JSON.parse(searchPage(shown(aggregator), { ...EVERYONE, query: 'unread_count:0' })).total).toBe(1);
    expect(JSON.parse(searchPage(shown(aggregator), { ...EVERYONE, query: 'unread_count:1' })).total).toBe(0);
  });

  it('tells who waits in vain', async () => {
    const aggregator = await world.aggregator();
    expect(await aggregator.awaitApplied(0, 1_000, 1)).toBe(false);
  });

  it('goes on after a restart where it was, and gives what a replay gives', async () => {
    const first = await world.aggregator();
    await applied(
      first,
      await world.append([received('a', 'm1', 10), tagged('a', 't1', 'vip'), received('b', 'm2', 20)]),
    );
    await first.close();
    await world.append([received('a', 'm3', 30), read('b', 'r1')]);

    const again = await world.aggregator();
    const replayed = await world.aggregator({ dir: `${world.dir}/other` });
    expect(await hashes(again)).toEqual(await hashes(replayed));
    expect(JSON.parse(searchPage(shown(again), EVERYONE)).items.map((item: { id: string }) => item.id)).toEqual([
      conversationId('a'),
      conversationId('b'),
    ]);
  });

  it('reaches the same state as another replica', async () => {
    const events = Array.from({ length: 300 }, (_, i) => received(`c${i % 40}`, `m${i % 250}`, (i * 7919) % 1000));
    await world.append(events);
    const first = await world.aggregator();
    const second = await world.aggregator({ settings: { partitions: null, replica: 1 } });
    expect(await hashes(first)).toEqual(await hashes(second));
  });

  it('numbers conversations per account in log order, strided by the partitions', async () => {
    const aggregator = await world.aggregator();
    await applied(
      aggregator,
      await world.append([
        ...Array.from({ length: 30 }, (_, i) => received(`c${i}`, `m${i}`, i)),
        received('other', 'm', 5, { accountId: 2 }),
      ]),
    );
    const page = JSON.parse(searchPage(shown(aggregator), { accounts: [1], size: 100 }));
    const numbers = page.items.map((item: { number: number }) => item.number);
    expect(new Set(numbers).size).toBe(30);
    const [other] = JSON.parse(searchPage(shown(aggregator), { accounts: [2], size: 100 })).items;
    expect(other.number).toBeLessThanOrEqual(3);
  });

  it('refuses a partition whose position lies beyond the log', async () => {
    const first = await world.aggregator();
    await applied(first, await world.append([received('a', 'm1', 10)]));
    await first.close();
    const shorter = await openWorld();
    try {
      const log = withCalls(shorter.log, { identity: () => world.log.identity() });
      const aggregator = await shorter.aggregator({ log, dir: `${world.dir}/aggregator`, wait: false });
      await until(() => Object.keys((aggregator.ready().detail?.refused as object) ?? {}).length > 0);
      expect(aggregator.ready().ready).toBe(false);
      expect(aggregator.positions()).toHaveLength(2);
    } finally {
      await shorter.close();
    }
  });

  it('rebuilds for another reducer beside the states that serve', async () => {
    const first = await world.aggregator();
    await applied(first, await world.append([received('a', 'm1', 10), received('b', 'm2', 20)]));
    const before = await hashes(first);
    await first.close();

    const rebuilt = await world.aggregator({ reducer: 'other' });
    while (rebuilt.ready().detail?.rebuilding) {
      expect(JSON.parse(searchPage(shown(rebuilt), EVERYONE)).total).toBe(2);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await hashes(rebuilt)).toEqual(before);
    await applied(rebuilt, await world.append([received('c', 'm3', 30)]));
    expect(JSON.parse(searchPage(shown(rebuilt), EVERYONE)).total).toBe(3);
  });
});

describe('a page of messages', () => {
  const page = (messages: readonly { id: string }[]) => messages.map(({ id }) => id);

  it('walks by the id of the next page’s first message, newest first, there and back', async () => {
    const aggregator = await world.aggregator();
    const events = Array.from({ length: 7 }, (_, i) => received('a', `m${i}`, 100 - (i % 3)));
    await applied(aggregator, await world.append(events));
    // By sentAt, then log order: m0, m3, m6 were sent at 100, m1 and m4 at 99, m2 and m5 at 98.
    const order = ['m6', 'm3', 'm0', 'm4', 'm1', 'm5', 'm2'].map(messageId);
    const ask = (cursor?: string) => {
      const request = { conversationId: conversationId('a'), accounts: null, size: 3, cursor };
      const answer = messagesPage(shown(aggregator), request);
      if (!answer) throw new Error('the conversation is not there');
      return answer;
    };
    const first = ask();
    expect(page(first.items)).toEqual(order.slice(0, 3));
    expect(first).toMatchObject({ total: 7, nextCursor: order[3], previousCursor: null });
    const second = ask(order[3]);
    expect(page(second.items)).toEqual(order.slice(3, 6));
    expect(second).toMatchObject({ nextCursor: order[6], previousCursor: order[0] });
    expect(ask(order[6])).toMatchObject({ nextCursor: null, previousCursor: order[3] });
    expect(() => ask(messageId('nothing'))).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
    expect(() => ask('no id')).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
  });

  it('is the same before and after the commit', async () => {
    const aggregator = await world.aggregator();
    const ask = () =>
      messagesPage(shown(aggregator), { conversationId: conversationId('a'), accounts: null, size: 50 });
    for (let i = 0; i < 20; i += 1) {
      await applied(aggregator, await world.append([received('a', `m${i}`, (i * 7) % 10)]));
      const uncommitted = ask();
      await shown(aggregator).store.flush();
      expect(uncommitted).toEqual(ask());
      expect(uncommitted?.items).toHaveLength(i + 1);
    }
  });

  it('shows nothing of another account', async () => {
    const aggregator = await world.aggregator();
    await applied(aggregator, await world.append([received('a', 'm1', 10)]));
    const request = { conversationId: conversationId('a'), size: 3 };
    expect(messagesPage(shown(aggregator), { ...request, accounts: [2] })).toBeUndefined();
    expect(locateMessage(shown(aggregator), messageId('m1'), [2])).toBeUndefined();
    expect(locateMessage(shown(aggregator), messageId('m1'), [1])).toMatchObject({ accountId: 1 });
  });
});

describe('records that can’t be used', () => {
  it('go to the dead letters with their reason, once, and the partition goes on', async () => {
    const first = await world.aggregator();
    const garbage = await world.log.append(topics.conversationEvents.name, [
      { key: 'garbage', value: Buffer.from('no avro'), timestamp: 5 },
      { key: 'unknown', value: Buffer.from([0, 0, 0, 99, 99, 1]), timestamp: 6 },
      { key: 'tombstone', value: null, timestamp: 7 },
    ]);
    const good = await world.append([received('a', 'm1', 10)]);
    await applied(first, [...garbage, ...good]);
    await first.close();
    await (await world.aggregator({ settings: { partitions: null, replica: 1 } })).close();
    const { allRecords } = await import('./world');
    const letters = await allRecords(world.log, `${topics.conversationEvents.name}.dead-letters`);
    expect(letters.map(({ key }) => key).sort()).toEqual(['garbage', 'tombstone', 'unknown']);
  });
});

describe('the changelog', () => {
  it('holds the newest state of every conversation, and goes on after a restart', async () => {
    const { decodeAll } = await import('./world');
    const newest = async () =>
      new Map(await decodeAll(world, topics.conversations, (value, key) => [key, value.unreadCount] as const));
    const first = await world.aggregator();
    await applied(
      first,
      await world.append([received('a', 'm1', 10), received('a', 'm2', 20), received('b', 'm3', 5)]),
    );
    await until(async () => (await newest()).size === 2);
    await first.close();
    await world.append([read('a', 'r1')]);
    await world.aggregator();
    await until(async () => (await newest()).get(conversationId('a')) === 0);
    expect((await newest()).get(conversationId('b'))).toBe(1);
  });
});

describe('states of this log', () => {
  it('are told from those of another one, also when the log went on', async () => {
    const first = await world.aggregator();
    await applied(first, await world.append([received('a', 'm1', 10), received('b', 'm2', 10)]));
    await first.close();
    await world.append([received('a', 'm3', 20), received('c', 'm4', 10)]);
    const again = await world.aggregator();
    expect(again.ready()).toMatchObject({ ready: true, detail: { refused: {} } });
  });
});

describe('a partition whose position the log does not hold any more', () => {
  it('is refused while the aggregator runs, and the others go on', async () => {
    let isGone = false;
    const gone = 1;
    const log = withCalls(world.log, {
      describe: async (topic) => {
        const found = await world.log.describe(topic);
        const moved = found?.offsets.map((o) => (isGone && o.partition === gone ? { ...o, start: 1_000_000 } : o));
        return found && moved && { ...found, offsets: moved };
      },
      reader: async (topic, from) => {
        const reader = await world.log.reader(topic, from);
        const next: LogReader['next'] = async (options) => {
          const batch = await reader.next({ ...options, maxWaitMs: 20 });
          if (isGone && reader.positions().has(gone)) throw new LogError('OFFSET_OUT_OF_RANGE', 'gone');
          return batch;
        };
        return { next, positions: () => reader.positions(), close: () => reader.close() };
      },
    });
    const aggregator = await world.aggregator({ log });
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
    await applied(aggregator, await world.append(names.map((name, i) => received(name, `m ${name}`, i))));
    isGone = true;
    await until(() => aggregator.positions().length === 2);
    const later = await world.append(names.map((name, i) => received(name, `n ${name}`, 100 + i)));
    await applied(
      aggregator,
      later.filter(({ partition }) => partition !== gone),
    );
    expect(aggregator.ready().ready).toBe(false);
    await expect(aggregator.awaitApplied(gone, 0, 10)).rejects.toThrow('partition 1 is not served here');
  });
});
