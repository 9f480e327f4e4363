import { randomUUID } from 'node:crypto';
import { describeWithKafka } from '@parley/kafka-dev';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { openLogAt } from '../../test/open-log';
import { startProcess, type TestProcess } from '../../test/processes';
import { PATIENCE_MS, until } from '../../test/waiting';
import type { GroupConsumer, Log } from '../port';

describeWithKafka('members of a group on Kafka', (kafka) => {
  let place: { brokers: readonly string[]; prefix: string };
  let admin: Admin;
  let topic: string;
  const logs: Log[] = [];
  const processes: TestProcess[] = [];

  const open = async (instanceId?: string) => {
    const log = await openLogAt({ ...place, ...(instanceId ? { instanceId } : {}) });
    logs.push(log);
    return log;
  };
  /** A static member in a process of its own; its first line tells how many partitions it holds. */
  const startMember = async (instanceId: string) => {
    const options = { group: 'g', topics: [topic] };
    const member = await startProcess('member', { place: { ...place, instanceId }, options, hang: false });
    processes.push(member);
    return member;
  };
  const describeGroup = async () => {
    const { groups } = await admin.describeGroups([`${place.prefix}g`]);
    return groups[0];
  };

  beforeEach(async () => {
    place = { brokers: kafka().brokers, prefix: `test-${randomUUID()}.` };
    admin = new Kafka({ brokers: [...place.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    topic = `topic-${randomUUID()}`;
    const log = await open();
    await log.ensureTopics([{ name: topic, partitions: 4, cleanup: 'delete', retentionMs: null }]);
    await log.append(
      topic,
      [0, 1, 2, 3].map((partition) => ({ key: 'a', value: Buffer.from(`${partition}`), partition })),
    );
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((running) => running.kill()));
    await Promise.all(logs.splice(0).map((log) => log.close()));
    await admin.disconnect();
  });

  it('take their partitions back at once when they start again, and disturb no other', async () => {
    const first = await startMember('one');
    expect(Number(await first.line())).toBe(4);
    const two = await (await open('two')).consumer({ group: 'g', topics: [topic] });
    await until(async () => {
      await two.next();
      return held(two).length === 2;
    });
    const generation = generationOf(two);
    const before = held(two);
    await first.kill();
    const again = await startMember('one');
    expect(Number(await again.line())).toBe(2);
    // The broker would have said so to the other with its next heartbeat.
    await until(async () => (await two.next({ maxWaitMs: 100 })) === undefined);
    expect([generationOf(two), held(two)]).toEqual([generation, before]);
    expect((await describeGroup())?.members).toHaveLength(2);
    await two.close();
  });

  it('that come back with another topic get it', async () => {
    const log = await open('one');
    const other = `topic-${randomUUID()}`;
    await log.ensureTopics([{ name: other, partitions: 2, cleanup: 'delete', retentionMs: null }]);
    await startMember('two');
    const first = await startMember('one');
    await until(async () => (await describeGroup())?.members.length === 2);
    await first.kill();
    const again = await log.consumer({ group: 'g', topics: [topic, other] });
    await until(async () => {
      await again.next();
      return (again.assignment().get(other) ?? []).length === 2;
    });
    await again.close();
  });

  it('of one process have names of their own', async () => {
    const log = await open('one');
    const consumers = [
      await log.consumer({ group: 'g', topics: [topic] }),
      await log.consumer({ group: 'g', topics: [topic] }),
    ];
    await until(async () => {
      await Promise.all(consumers.map((consumer) => consumer.next()));
      return consumers.every((consumer) => held(consumer).length === 2);
    });
    await Promise.all(consumers.map((consumer) => consumer.close()));
    expect((await describeGroup())?.members).toEqual([]);
  });

  it('that share a name: one of them is told', async () => {
    const consumers: GroupConsumer[] = [];
    for (let n = 0; n < 2; n++) {
      consumers.push(await (await open('same')).consumer({ group: 'g', topics: [topic] }));
    }
    const failures: unknown[] = [];
    await until(async () => {
      for (const consumer of consumers) await consumer.next().catch((error: unknown) => failures.push(error));
      return failures.length > 0;
    });
    expect(failures[0]).toMatchObject({ code: 'FENCED', facts: { group: 'g', instanceId: 'same' } });
  });

  it('keep where `latest` began, though they end before their first commit', async () => {
    const options = { group: 'late', topics: [topic], from: 'latest' } as const;
    await (await (await open()).consumer(options)).close();
    const log = await open();
    await log.append(topic, [{ key: 'a', value: Buffer.from('between'), partition: 1 }]);
    const consumer = await log.consumer(options);
    const batch = await consumer.next({ maxWaitMs: PATIENCE_MS });
    expect(batch?.records.map(({ value }) => value?.toString())).toEqual(['between']);
    await consumer.close();
  });

  it('are shown by other clients with what they hold', async () => {
    const consumer = await (await open()).consumer({ group: 'g', topics: [topic] });
    await until(async () => held(consumer).length === 4);
    const group = await describeGroup();
    expect(group).toMatchObject({ state: 'Stable', protocolType: 'consumer' });
    await consumer.close();
    expect(await admin.fetchOffsets({ groupId: `${place.prefix}g` })).toEqual([]);
  });

  const held = (consumer: GroupConsumer) => consumer.assignment().get(topic) ?? [];
});

/** The broker tells nobody else which generation a group is in. */
function generationOf(consumer: GroupConsumer): number {
  return (consumer as unknown as { member: { ref: { generation: number } } }).member.ref.generation;
}
