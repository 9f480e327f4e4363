import { Codec, conversationDeadLetters, topics } from '@parley/contracts';
import { describeWithOwnKafka } from '@parley/kafka-dev';
import { partitionOf } from '@parley/log';
import { openQueryClient, type QueryClient } from '@parley/query';
import { AggregatorProcess } from './process';
import { allRecords, conversationId, openWorld, PARTITIONS, received, TOKEN, until, type World } from './world';

/** A broker that was killed takes its time to start where much else runs. */
const SLOW_MS = 180_000;

describeWithOwnKafka('two aggregators whose Kafka goes away', {}, (kafka) => {
  let world: World;
  let processes: AggregatorProcess[];
  let queries: QueryClient;
  let ports: readonly number[];

  beforeEach(async () => {
    world = await openWorld(kafka());
    processes = [0, 1].map((replica) => AggregatorProcess.start(world, { replica }));
    ports = await Promise.all(processes.map((one) => one.port()));
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    queries = openQueryClient({ urls, token: TOKEN, partitions: PARTITIONS });
    for (const one of processes) await one.says('caught up');
  });
  afterEach(async () => {
    await queries.close();
    for (const one of processes) await one.kill();
    await world.close();
  });

  const count = async () => (await queries.countConversations(null, [undefined]))[0];
  const readable = async (events: Parameters<World['append']>[0]) => {
    for (const at of await world.append(events)) expect(await queries.awaitApplied(at, 30_000)).toBe(true);
  };

  it(
    'go on answering while no broker does, and go on applying when it does',
    async () => {
      await readable([received('a', 'm1', 1), received('b', 'm2', 2)]);
      await kafka().broker.pause();
      try {
        // None is in touch any more.
        await until(async () => (await queries.positions()).every(({ inTouch }) => !inTouch));
        for (let i = 0; i < 20; i += 1) expect(await count()).toBe(2);
      } finally {
        kafka().broker.resume();
      }
      await readable([received('c', 'm3', 3)]);
      expect(await count()).toBe(3);
      expect(processes.some(({ hasEnded }) => hasEnded)).toBe(false);
      await until(async () => (await queries.positions()).every(({ inTouch }) => inTouch));
    },
    SLOW_MS,
  );

  it(
    'go on by themselves after a broker was killed and started again',
    async () => {
      await readable([received('a', 'm1', 1)]);
      await kafka().broker.kill();
      expect(await count()).toBe(1);
      await kafka().broker.start();
      await readable([received('b', 'm2', 2)]);
      expect(await count()).toBe(2);
      expect(processes.some(({ hasEnded }) => hasEnded)).toBe(false);
    },
    SLOW_MS,
  );

  it(
    'wait for a registry that has to tell, and write one dead letter though the writer is killed',
    async () => {
      const names = Array.from({ length: 9 }, (_, i) => `c${i}`);
      await readable(names.map((name, i) => received(name, `m ${name}`, i)));
      await kafka().registry.stop();
      const foreign = { key: 'x', value: Buffer.from([0, 0, 0, 99, 99, 1]), partition: 0 };
      await world.log.append(topics.conversationEvents.name, [foreign]);
      for (const one of processes) await one.says('schema registry');

      await processes[0]?.kill();
      expect(await count()).toBe(names.length);
      processes[0] = AggregatorProcess.start(world, { replica: 0, port: ports[0] ?? 0 });
      await processes[0].says('schema registry');
      // The other partitions go on.
      const elsewhere = names.filter((name) => partitionOf(conversationId(name), PARTITIONS) !== 0);
      await readable(elsewhere.map((name, i) => received(name, `n ${name}`, 100 + i)));
      expect(await allRecords(world.log, conversationDeadLetters.name)).toEqual([]);

      await kafka().registry.start();
      await readable(names.map((name, i) => received(name, `o ${name}`, 200 + i)));
      await processes[0].says('caught up');
      const letters = await allRecords(world.log, conversationDeadLetters.name);
      const codec = await Codec.open(conversationDeadLetters, world.registry);
      expect(letters).toHaveLength(1);
      expect((await codec.decode(letters[0]?.value ?? Buffer.alloc(0))).value).toMatchObject({
        partition: 0,
        reason: 'UNKNOWN_SCHEMA_ID',
      });
    },
    SLOW_MS,
  );
});
