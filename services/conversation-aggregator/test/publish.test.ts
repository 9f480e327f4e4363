import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Codec, conversationDeadLetters, RegistryError, type SchemaRegistry, topics } from '@parley/contracts';
import { type Log, LogError, partitionOf } from '@parley/log';
import {
  allRecords,
  applied,
  conversationId,
  decodeAll,
  messageId,
  named,
  openWorld,
  PARTITIONS,
  received,
  shown,
  until,
  type World,
} from './world';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Most bytes of one record of the embedded log. */
const RECORD_BYTES_MAX = 16 * 2 ** 20;

describe('what is too large for the log', () => {
  it('keeps no other conversation off the changelog, now or after a restart', async () => {
    const onChangelog = () => decodeAll(world, topics.conversations, (value) => value.id);
    const huge = received('huge', 'm1', 10);
    // Fits into an event, but not into a snapshot, where each of its characters takes six.
    const content = '\u0001'.repeat(3_000_000);
    const fatal: unknown[] = [];
    const first = await world.aggregator({ onFatal: (error) => fatal.push(error) });
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
    await applied(
      first,
      await world.append([
        ...(huge.type === 'MessageReceived' ? [{ ...huge, value: { ...huge.value, content } }] : []),
        ...names.map((name, i) => received(name, `n${i}`, i)),
      ]),
    );
    await until(async () => new Set(await onChangelog()).size === names.length);
    await first.close();

    const again = await world.aggregator({ onFatal: (error) => fatal.push(error) });
    await applied(again, await world.append([named('huge', '1', 'Huge'), received('late', 'm2', 20)]));
    await until(async () => (await onChangelog()).includes(conversationId('late')));
    expect(fatal).toEqual([]);
    expect(new Set(await onChangelog())).toEqual(new Set([...names, 'late'].map(conversationId)));
  });

  it('goes to the dead letters without its value', async () => {
    const value = Buffer.alloc(RECORD_BYTES_MAX - 40, 'no avro');
    const aggregator = await world.aggregator();
    const record = { key: 'garbage', value, timestamp: 5 };
    await applied(aggregator, await world.log.append(topics.conversationEvents.name, [record]));
    const codec = await Codec.open(conversationDeadLetters, world.registry);
    const [letter, ...others] = await allRecords(world.log, conversationDeadLetters.name);
    expect(others).toEqual([]);
    const { value: read } = await codec.decode(letter?.value ?? Buffer.alloc(0));
    expect(read).toMatchObject({ key: 'garbage', value: null, failedAt: 5 });
    expect(read.detail).toContain(`${value.length} bytes`);
  });

  it('goes to the dead letters without its key, which a letter has twice', async () => {
    const fatal: unknown[] = [];
    const aggregator = await world.aggregator({ onFatal: (error) => fatal.push(error) });
    const record = { key: 'k'.repeat(RECORD_BYTES_MAX * 0.6), value: null };
    await applied(aggregator, await world.log.append(topics.conversationEvents.name, [record]));
    expect(fatal).toEqual([]);
    const codec = await Codec.open(conversationDeadLetters, world.registry);
    const [letter] = await allRecords(world.log, conversationDeadLetters.name);
    const { value: read } = await codec.decode(letter?.value ?? Buffer.alloc(0));
    expect(read).toMatchObject({ key: null, offset: 0, reason: 'NO_VALUE' });
  });
});

describe('events that would spoil what is shown', () => {
  const reasons = async () => {
    const codec = await Codec.open(conversationDeadLetters, world.registry);
    const letters = await allRecords(world.log, conversationDeadLetters.name);
    return Promise.all(letters.map(async ({ value }) => (await codec.decode(value ?? Buffer.alloc(0))).value.reason));
  };

  it('are dead letters', async () => {
    const aggregator = await world.aggregator();
    const filled = (cause: string) => {
      const event = named('a', cause, '');
      if (event.type !== 'ConversationMetadataChanged') throw new Error('not what is needed here');
      return { ...event, value: { ...event.value, set: { [cause]: JSON.stringify('x'.repeat(400_000)) } } };
    };
    const events = [received('a', 'm1', 10), received('a', 'm2', 9e15), filled('b'), filled('c'), filled('d')];
    await applied(aggregator, await world.append(events));
    expect(await reasons()).toEqual(['BAD_TIME', 'METADATA_TOO_LARGE']);
    const found = shown(aggregator).conversation(conversationId('a'));
    expect(found?.state).toMatchObject({ messageCount: 1, lastMessageId: messageId('m1') });
    expect(Object.keys(found?.state.metadata ?? {})).toEqual(['b', 'c']);
  });
});

describe('an aggregator that stops', () => {
  it('tells those who wait to ask again', async () => {
    const aggregator = await world.aggregator();
    const waiting = expect(aggregator.awaitApplied(0, 1_000, 30_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await aggregator.close();
    await waiting;
    await expect(aggregator.awaitApplied(0, 1_000, 30_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a dead letter is written once', () => {
  const poisoned = [
    { key: 'a', value: Buffer.from('no avro'), timestamp: 5, partition: 0 },
    { key: null, value: Buffer.from([0, 0, 0, 99, 99, 1]), timestamp: 6, partition: 0 },
    { key: 'b', value: null, timestamp: 7, partition: 1 },
  ];
  const letters = async () => {
    const codec = await Codec.open(conversationDeadLetters, world.registry);
    const records = await allRecords(world.log, conversationDeadLetters.name);
    return Promise.all(
      records.map(async ({ value }) => {
        const { partition, offset } = (await codec.decode(value ?? Buffer.alloc(0))).value;
        return `${partition}/${offset}`;
      }),
    );
  };
  const places = ['0/0', '0/1', '1/0'];

  it('although the log took it and did not say so', async () => {
    const silent = new Set<string | null>();
    const log = withAppend(async (topic, records) => {
      const positions = await world.log.append(topic, records);
      const [key] = records.map((record) => record.key);
      if (topic !== conversationDeadLetters.name || silent.has(key ?? null)) return positions;
      silent.add(key ?? null);
      throw new LogError('LOG_UNAVAILABLE', 'nobody knows what became of it');
    });
    const aggregator = await world.aggregator({ log });
    await applied(aggregator, await world.log.append(topics.conversationEvents.name, poisoned));
    expect(silent.size).toBe(poisoned.length);
    expect((await letters()).sort()).toEqual(places);
  });

  it('although what was noted of it is lost with the states', async () => {
    const first = await world.aggregator();
    await applied(first, await world.log.append(topics.conversationEvents.name, poisoned));
    await first.close();
    await rm(join(world.dir, 'aggregator'), { recursive: true });
    const again = await world.aggregator();
    await applied(again, await world.append([received('a', 'm1', 10)]));
    expect((await letters()).sort()).toEqual(places);
  });

  it('when the registry is back that has to tell, and only what lies behind it in its partition waits', async () => {
    let isAway = true;
    const registry: SchemaRegistry = {
      idOf: (subject, schema) => world.registry.idOf(subject, schema),
      schemaOf: async (id) => {
        if (isAway) throw new RegistryError('REGISTRY_UNAVAILABLE', 'away');
        return world.registry.schemaOf(id);
      },
    };
    const aggregator = await world.aggregator({ registry });
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const before = await world.append(names.map((name, i) => received(name, `before ${name}`, i)));
    await applied(aggregator, before);
    const foreign = Buffer.from([0, 0, 0, 99, 99, 1]);
    await world.log.append(topics.conversationEvents.name, [{ key: 'x', value: foreign, partition: 0 }]);
    await until(() =>
      Object.hasOwn((aggregator.ready().detail?.waitingFor as object | undefined) ?? {}, 'schema registry'),
    );

    const after = await world.append(names.map((name, i) => received(name, `after ${name}`, 100 + i)));
    const messages = (name: string) => shown(aggregator).conversation(conversationId(name))?.state.messageCount;
    const isHeldUp = (name: string) => partitionOf(conversationId(name), PARTITIONS) === 0;
    await applied(
      aggregator,
      after.filter(({ partition }) => partition !== 0),
    );
    expect(names.filter(isHeldUp).length).toBeGreaterThan(0);
    for (const name of names) expect(messages(name)).toBe(isHeldUp(name) ? 1 : 2);
    expect(await letters()).toEqual([]);

    isAway = false;
    await applied(aggregator, after);
    for (const name of names) expect(messages(name)).toBe(2);
    expect(await letters()).toHaveLength(1);
    expect(aggregator.ready().detail?.waitingFor).toEqual({});
  });
});

/** Most states that go into one append. */
const CHUNK = 100;

describe('a backlog of states', () => {
  const names = Array.from({ length: 1_500 }, (_, i) => `c${i}`);
  const fill = () => world.append(names.map((name, i) => received(name, `m ${name}`, i)));
  const onChangelog = () => decodeAll(world, topics.conversations, (value, key) => [key, value.messageCount] as const);
  const isComplete = async () => new Set((await onChangelog()).map(([key]) => key)).size === names.length;

  it('is published whole although many appends fail at first, and is not repeated after a restart', async () => {
    await fill();
    let calls = 0;
    const log = withAppend(async (topic, records) => {
      calls += topic === topics.conversations.name ? 1 : 0;
      if (topic === topics.conversations.name && calls % 3 === 0) throw new LogError('LOG_UNAVAILABLE', 'away');
      return world.log.append(topic, records);
    });
    const first = await world.aggregator({ log });
    await until(isComplete);
    await applied(first, await world.append(names.map((name, i) => received(name, `n ${name}`, 2_000 + i))));
    await until(async () => [...new Map(await onChangelog()).values()].every((messages) => messages === 2));
    await first.close();

    const before = (await onChangelog()).length;
    const again = await world.aggregator();
    await applied(again, await world.append([received('late', 'l1', 1)]));
    await until(async () => (await onChangelog()).some(([key]) => key === conversationId('late')));
    expect((await onChangelog()).length).toBe(before + 1);
  });

  it('is not taken for published where a part of it never got to the log', async () => {
    await fill();
    let lost: string | null | undefined;
    const log = withAppend(async (topic, records) => {
      if (topic === topics.conversations.name) {
        lost ??= records[0]?.key;
        if (records.some(({ key }) => key === lost)) throw new LogError('LOG_UNAVAILABLE', 'away');
      }
      return world.log.append(topic, records);
    });
    const published = async () => new Set((await onChangelog()).map(([key]) => key));
    const stopped = await world.aggregator({ log });
    await until(async () => (await published()).size >= names.length - CHUNK);
    await stopped.close();
    expect(await published()).not.toContain(lost);
    await world.aggregator();
    await until(isComplete);
  });
});

describe('an older state that another process put over a newer one on the changelog', () => {
  const unread = async (name: string) =>
    new Map(await decodeAll(world, topics.conversations, (value, key) => [key, value.unreadCount] as const)).get(
      conversationId(name),
    );

  it('is replaced, while running and after a restart', async () => {
    const first = await world.aggregator();
    await applied(first, await world.append([received('a', 'm1', 10)]));
    await until(async () => (await unread('a')) === 1);
    const [old] = await allRecords(world.log, topics.conversations.name);
    if (!old) throw new Error('nothing was published');
    const putOver = () =>
      world.log.append(topics.conversations.name, [{ key: old.key, value: old.value, partition: old.partition }]);
    await applied(first, await world.append([received('a', 'm2', 20)]));
    await until(async () => (await unread('a')) === 2);

    await putOver();
    expect(await unread('a')).toBe(1);
    await until(async () => (await unread('a')) === 2);

    await first.close();
    await putOver();
    await world.aggregator();
    await until(async () => (await unread('a')) === 2);
  });

  it('is replaced where it came between two of its own', async () => {
    const aggregator = await world.aggregator();
    await applied(aggregator, await world.append([received('a', 'm1', 10)]));
    await until(async () => (await unread('a')) === 1);
    const [old] = await allRecords(world.log, topics.conversations.name);
    await applied(aggregator, await world.append([received('a', 'm2', 20)]));
    await until(async () => (await unread('a')) === 2);
    if (!old) throw new Error('nothing was published');
    await world.log.append(topics.conversations.name, [{ key: old.key, value: old.value, partition: old.partition }]);
    const others = Array.from({ length: 12 }, (_, i) => received(`c${i}`, `n${i}`, i));
    await applied(aggregator, await world.append(others));
    await until(async () => (await unread('a')) === 2 && (await unread('c11')) === 1);
  });
});

/** The world's log, but for one thing. */
function withAppend(append: Log['append']): Log {
  return new Proxy(world.log, {
    get(target, name) {
      if (name === 'append') return append;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
