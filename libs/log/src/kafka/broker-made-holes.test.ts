import { randomUUID } from 'node:crypto';
import { describeWithKafka } from '@parley/kafka-dev';
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs';
import { openLogAt } from '../../test/open-log';
import { PATIENCE_MS, until } from '../../test/waiting';
import type { Log, LogReader, LogRecord } from '../port';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What is gone, or is not to be read, by the broker's doing or another client's: readers get to the end, or are told. */
describeWithKafka('a log with holes', (kafka) => {
  let log: Log;
  let prefix: string;
  let foreign: Kafka;
  let admin: Admin;
  let topic: string;

  beforeEach(async () => {
    prefix = `test-${randomUUID()}.`;
    log = await openLogAt({ brokers: kafka().brokers, prefix });
    foreign = new Kafka({ brokers: [...kafka().brokers], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20 } });
    admin = foreign.admin();
    await admin.connect();
    topic = `topic-${randomUUID()}`;
  });
  afterEach(async () => {
    await admin.disconnect();
    await log.close();
  });

  const onBroker = () => `${prefix}${topic}`;
  const make = async (settings: Record<string, string> = {}) => {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await admin.createTopics({
      topics: [{ topic: onBroker(), numPartitions: 1, configEntries }],
      waitForLeaders: true,
    });
  };
  const append = (...values: string[]) =>
    log.append(
      topic,
      values.map((value) => ({ key: value.charAt(0), value: value.length > 1 ? Buffer.from(value) : null })),
    );
  const end = async () => (await log.ends(topic)).get(0) ?? -1;
  const start = async () => (await log.describe(topic))?.offsets[0]?.start;

  describe('whose start was moved', () => {
    beforeEach(async () => {
      await make();
      await append('a1', 'a2', 'a3', 'a4');
    });
    const moveStart = async (offset: number) => {
      // kafkajs deletes only from topics that it has heard of.
      await admin.fetchTopicOffsets(onBroker());
      await admin.deleteTopicRecords({ topic: onBroker(), partitions: [{ partition: 0, offset: `${offset}` }] });
    };

    it('refuses to read what is gone, and goes on refusing', async () => {
      await moveStart(2);
      const reader = await log.reader(topic, 1);
      for (let n = 0; n < 3; n++) {
        await expect(reader.next({ maxWaitMs: PATIENCE_MS })).rejects.toMatchObject({
          code: 'OFFSET_OUT_OF_RANGE',
          facts: { topic, partition: 0, offset: 1, start: 2, end: 4 },
        });
      }
      expect(reader.positions()).toEqual(new Map([[0, 1]]));
      expect(values(await readToEnd(await log.reader(topic, 'earliest'), await end()))).toEqual(['a3', 'a4']);
    });

    it('refuses a group its commit, and skips nothing', async () => {
      const first = await log.consumer({ group: 'g', topics: [topic], maxRecords: 1 });
      await (await first.next({ maxWaitMs: PATIENCE_MS }))?.commit();
      await first.close();
      await moveStart(3);
      const second = await log.consumer({ group: 'g', topics: [topic] });
      for (let n = 0; n < 3; n++) {
        await expect(second.next({ maxWaitMs: PATIENCE_MS })).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
      }
      await second.close();
      expect(await log.committed('g', topic)).toEqual(new Map([[0, 1]]));
      await expect(log.resetOffsets('g', topic, new Map([[0, 2]]))).rejects.toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
      });
      await log.resetOffsets('g', topic, new Map([[0, 3]]));
      const third = await log.consumer({ group: 'g', topics: [topic] });
      expect(values((await third.next({ maxWaitMs: PATIENCE_MS }))?.records ?? [])).toEqual(['a4']);
      await third.close();
    });

    it('refuses a reader that stands at the end of what a topic of the same name no longer has', async () => {
      const reader = await log.reader(topic, 'latest');
      await admin.deleteTopics({ topics: [onBroker()] });
      await until(async () => !(await admin.listTopics()).includes(onBroker()));
      await make();
      await append('b1');
      const failure = async () => {
        const error = await reader.next({ maxWaitMs: 100 }).catch((thrown: unknown) => thrown);
        return (error as { code?: string } | undefined)?.code === 'OFFSET_OUT_OF_RANGE';
      };
      await until(failure);
      expect(await failure()).toBe(true);
    });
  });

  it('loses what is older than the retention, and says so', async () => {
    await log.ensureTopics([{ name: topic, partitions: 1, cleanup: 'delete', retentionMs: DAY_MS }]);
    const nowMs = Date.now();
    await log.append(topic, [{ key: 'a', value: Buffer.from('old'), timestamp: nowMs - 3 * DAY_MS }]);
    await until(async () => (await start()) === 1);
    await append('new');
    expect(values(await readToEnd(await log.reader(topic, 'earliest'), await end()))).toEqual(['new']);
    await expect((await log.reader(topic, 0)).next({ maxWaitMs: PATIENCE_MS })).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
    });
  });

  it('that was compacted is read to its end from any offset', async () => {
    await make({
      'cleanup.policy': 'compact',
      'segment.ms': '50',
      'min.cleanable.dirty.ratio': '0',
      'delete.retention.ms': '1',
      'min.compaction.lag.ms': '0',
    });
    const written = ['a1', 'b1', 'a2', 'c1', 'c', 'b2', 'a', 'd1', 'd'];
    for (const value of written) await append(value);
    // A segment is closed by the next record, and only closed ones are compacted.
    let last = '';
    await until(async () => {
      last = `z${Date.now()}`;
      await append(last);
      const left = values(await readToEnd(await log.reader(topic, 'earliest'), await end()));
      return left[0] === 'b2' && left.length < 8;
    });
    for (let from = 0; from <= (await end()); from++) {
      const records = await readToEnd(await log.reader(topic, from), await end());
      expect(records.every((record) => record.offset >= from)).toBe(true);
      if (from < (await end())) expect(values(records).at(-1)).toBe(last);
    }
  });

  describe('with transactions of another client', () => {
    const transactional = async () => {
      const producer = foreign.producer({ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true });
      await producer.connect();
      return producer;
    };
    const send = async (producer: Producer, outcome: 'commit' | 'abort', ...sent: string[]) => {
      const transaction = await producer.transaction();
      for (const value of sent) {
        await transaction.send({ topic: onBroker(), messages: [{ key: 'k', value, partition: 0 }] });
      }
      await transaction[outcome]();
    };

    it('gives what was committed and nothing that was aborted, and reaches its end', async () => {
      await make();
      const [one, two] = [await transactional(), await transactional()];
      const committed: string[] = [];
      for (let n = 0; n < 10; n++) {
        await send(n % 2 ? one : two, n % 3 ? 'commit' : 'abort', `${n}/0`, `${n}/1`);
        if (n % 3) committed.push(`${n}/0`, `${n}/1`);
        if (n % 4 === 0) {
          await append(`plain ${n}`);
          committed.push(`plain ${n}`);
        }
      }
      await send(one, 'abort', 'last');
      for (const maxRecords of [1, 2, 500]) {
        const reader = await log.reader(topic, 'earliest');
        expect(values(await readToEnd(reader, await end(), maxRecords))).toEqual(committed);
      }
      const consumer = await log.consumer({ group: 'g', topics: [topic] });
      const read: LogRecord[] = [];
      for (let position = 0; position < (await end()); ) {
        const batch = await consumer.next({ maxWaitMs: PATIENCE_MS });
        read.push(...(batch?.records ?? []));
        await batch?.commit();
        position = batch?.next ?? position;
      }
      expect(values(read)).toEqual(committed);
      expect(await log.lag('g')).toEqual([{ topic, partition: 0, offset: await end(), lag: 0 }]);
      await Promise.all([consumer.close(), one.disconnect(), two.disconnect()]);
    });

    it('ends before what is not yet committed, and goes on when it is', async () => {
      await make();
      const producer = await transactional();
      await append('before');
      const transaction = await producer.transaction();
      await transaction.send({ topic: onBroker(), messages: [{ key: 'k', value: 'open', partition: 0 }] });
      await append('after');
      const reader = await log.reader(topic, 'earliest');
      const batch = await reader.next({ maxWaitMs: PATIENCE_MS });
      expect(values(batch?.records ?? [])).toEqual(['before']);
      expect(batch).toMatchObject({ next: 1, end: 1 });
      expect(await end()).toBe(1);
      const waiting = reader.next({ maxWaitMs: PATIENCE_MS });
      await transaction.commit();
      expect(values((await waiting)?.records ?? [])).toEqual(['open', 'after']);
      await producer.disconnect();
    });
  });

  it('is read where another client compressed it and repeated a header', async () => {
    await make();
    const producer = foreign.producer();
    await producer.connect();
    const gzip = 1;
    const messages = Array.from({ length: 100 }, (_, n) => ({ key: 'k', value: `${n}`, headers: { a: ['1', '2'] } }));
    await producer.send({ topic: onBroker(), messages, compression: gzip });
    const records = await readToEnd(await log.reader(topic, 'earliest'), await end(), 7);
    expect(values(records)).toEqual(messages.map(({ value }) => value));
    expect(records[0]?.headers).toEqual({ a: '2' });
    await producer.disconnect();
  });
});

function values(records: readonly LogRecord[]): string[] {
  return records.map(({ value }) => value?.toString() ?? '');
}

async function readToEnd(reader: LogReader, end: number, maxRecords = 500): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  while ((reader.positions().get(0) ?? 0) < end) {
    const batch = await reader.next({ maxWaitMs: PATIENCE_MS, maxRecords });
    if (!batch) throw new Error(`nothing came at ${reader.positions().get(0)} of ${end}`);
    records.push(...batch.records);
  }
  await reader.close();
  return records;
}
