import { randomUUID } from 'node:crypto';
import { describeWithKafka } from '@parley/kafka-dev';
import fc from 'fast-check';
import { Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { between, type Fault, lossy } from '../../test/lossy-cluster';
import { PATIENCE_MS, readAll, until } from '../../test/waiting';
import { isLogError, LogError } from '../errors';
import type { Log, NewRecord, Position } from '../port';
import { KafkaCluster } from './cluster';
import type { Connection } from './connection';
import { openKafkaLog } from './log';
import type { ProduceOutcome } from './produce-request';
import { Producer } from './producer';

/** An answer that takes so long is slow. */
const SLOW_MS = 400;

describeWithKafka('appends to Kafka', (kafka) => {
  const logger = pino({ level: 'silent' });
  const logs: Log[] = [];
  let prefix: string;

  beforeEach(() => {
    prefix = `test-${randomUUID()}.`;
  });
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });

  const open = async () => {
    const log = await openKafkaLog({ brokers: kafka().brokers, clientId: 'parley-test', prefix, logger });
    logs.push(log);
    return log;
  };

  const clusterOf = () =>
    new KafkaCluster({ brokers: kafka().brokers, clientId: 'parley-test', prefix, tls: null, sasl: null, logger });

  /** A topic made by somebody else, with settings of theirs. */
  const makeForeign = async (name: string, config: Readonly<Record<string, string>>, partitions = 1) => {
    const admin = new Kafka({ brokers: [...kafka().brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    await admin.createTopics({ topics: [{ topic: prefix + name, numPartitions: partitions, configEntries }] });
    await admin.disconnect();
  };

  const faults: fc.Arbitrary<Fault[]> = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Fault>('none') },
      fc.constantFrom<Fault>('asked', 'lost'),
      fc.record({ late: fc.integer({ min: 0, max: 700 }) }),
    ),
    { minLength: 1, maxLength: 12 },
  );

  it('keeps what it acknowledged, once and in order, whatever is lost or late on the way', async () => {
    const log = await open();
    const key = (n: number) => `writer ${n}`;
    await fc.assert(
      fc.asyncProperty(faults, async (happening) => {
        const name = `t-${randomUUID()}`;
        await log.ensureTopics([{ name, partitions: 2, cleanup: 'delete', retentionMs: null }]);
        const cluster = clusterOf();
        const faulty = lossy(cluster, happening);
        const producer = new Producer(faulty.cluster, { appendTimeoutMs: 400 });
        const acknowledged = new Map<string, Position | undefined>();
        await Promise.all(
          Array.from({ length: 6 }, async (_, writer) => {
            for (let n = 0; n < 12; n++) {
              const value = `${writer}/${n}`;
              const appended = await producer
                .append(name, [{ key: key(writer), value: Buffer.from(value) }])
                .catch((error: unknown) => {
                  if (!isLogError(error, 'LOG_UNAVAILABLE')) throw error;
                  return undefined;
                });
              if (appended) acknowledged.set(value, appended[0]);
            }
          }),
        );
        await faulty.settled();
        await producer.close();
        await cluster.close();

        const records = await readAll(log, name);
        const values = records.map((record) => String(record.value));
        expect(new Set(values).size).toBe(values.length);
        for (const [value, position] of acknowledged) {
          const stored = records.find((record) => record.value?.toString() === value);
          expect(stored).toMatchObject(position ?? {});
        }
        for (let writer = 0; writer < 6; writer++) {
          const order = records
            .filter((record) => record.key === key(writer))
            .map(({ value }) => Number(String(value).split('/')[1]));
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  describe("to partitions of which some don't go", () => {
    const NOT_ENOUGH_REPLICAS = 19;
    const NOT_LEADER_FOR_PARTITION = 6;
    let log: Log;
    let cluster: KafkaCluster;

    beforeEach(async () => {
      log = await open();
      cluster = clusterOf();
      const spec = { cleanup: 'delete', retentionMs: null } as const;
      await log.ensureTopics([
        { name: 'bad', partitions: 12, ...spec },
        { name: 'good', partitions: 3, ...spec },
      ]);
    });
    afterEach(() => cluster.close());

    const isBad = ({ topic }: ProduceOutcome) => topic === `${prefix}bad`;
    /** A cluster whose replicas of the bad topic are missing. */
    const refusing = () =>
      between(cluster, async (_, send) =>
        ((await send()) as ProduceOutcome[]).map((outcome) =>
          isBad(outcome) ? { ...outcome, code: NOT_ENOUGH_REPLICAS } : outcome,
        ),
      );
    const appendBad = (producer: Producer) => {
      let settled = 0;
      const outcomes = Promise.allSettled(
        Array.from({ length: 12 }, (_, partition) =>
          producer.append('bad', [{ ...text('a'), partition }]).finally(() => {
            settled++;
          }),
        ),
      );
      return { outcomes, settled: () => settled };
    };

    it('goes on elsewhere while more are refused than there are connections', async () => {
      const producer = new Producer(refusing(), { appendTimeoutMs: 8000 });
      const bad = appendBad(producer);
      for (let n = 0; n < 20; n++) await producer.append('good', [text(`${n}`)]);
      expect(bad.settled()).toBe(0);
      expect(await readAll(log, 'good')).toHaveLength(20);
      for (const outcome of await bad.outcomes) {
        const message = expect.stringContaining('NOT_ENOUGH_REPLICAS');
        expect(outcome).toMatchObject({ reason: { code: 'LOG_UNAVAILABLE', message } });
      }
      await producer.close();
    });

    it('goes on elsewhere while nobody tells who leads a partition now', async () => {
      let refusals = 0;
      let hasMoved = false;
      const moved = between(cluster, async (_, send) =>
        ((await send()) as ProduceOutcome[]).map((outcome) => {
          if (!hasMoved || outcome.partition !== 0) return outcome;
          refusals++;
          return { ...outcome, code: NOT_LEADER_FOR_PARTITION };
        }),
      );
      const producer = new Producer(moved, { appendTimeoutMs: 4000 });
      const appendTo = (partition: number) => producer.append('good', [{ ...text('a'), partition }]);
      await Promise.all([appendTo(0), appendTo(1)]);
      hasMoved = true;
      const asking = jest.spyOn(cluster, 'anyControl').mockReturnValue(new Promise(() => {}));
      const failure = expect(appendTo(0)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
      await until(async () => {
        await appendTo(1);
        return refusals > 0 && asking.mock.calls.length > 0;
      });
      for (let n = 0; n < 20; n++) await appendTo(1);
      await failure;
      await producer.close();
    });

    it('tells at once, and for good, that it may not produce', async () => {
      const error = new LogError('LOG_REFUSED', 'not allowed');
      jest.spyOn(cluster, 'anyControl').mockImplementation(async () => {
        const connection = await KafkaCluster.prototype.anyControl.call(cluster);
        return {
          alive: true,
          close: () => {},
          send: (...sent) =>
            sent[0].name === 'InitProducerId' ? Promise.reject(error) : connection.send<unknown>(...sent),
        } as Connection;
      });
      const producer = new Producer(cluster);
      await expect(producer.append('good', [text('a')])).rejects.toBe(error);
      await producer.close();
    });

    it('holds nothing any more of appends whose time was over before they could be sent', async () => {
      jest.spyOn(cluster, 'anyControl').mockImplementation(async () => {
        const connection = await KafkaCluster.prototype.anyControl.call(cluster);
        return {
          alive: true,
          close: () => {},
          send: (...sent) =>
            sent[0].name === 'InitProducerId' ? new Promise<never>(() => {}) : connection.send<unknown>(...sent),
        } as Connection;
      });
      const producer = new Producer(cluster, { appendTimeoutMs: 300, waitingBytesMax: 100_000 });
      const large: NewRecord = { key: 'a', value: Buffer.alloc(90_000) };
      const message = expect.stringContaining('not acknowledged');
      for (let n = 0; n < 3; n++) {
        await expect(producer.append('good', [large])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE', message });
      }
      await producer.close();
    });

    it('waits with others for slow ones once, and then no more', async () => {
      let release = () => {};
      const goodAreDone = new Promise<void>((resolve) => {
        release = resolve;
      });
      let badIs: 'quick' | 'slow' | 'stuck' = 'quick';
      let shared = 0;
      const slow = between(cluster, async (_, send) => {
        const outcomes = (await send()) as ProduceOutcome[];
        if (badIs === 'quick' || !outcomes.some(isBad)) return outcomes;
        if (outcomes.length > 1) shared++;
        await (badIs === 'slow' ? new Promise((resolve) => setTimeout(resolve, SLOW_MS)) : goodAreDone);
        return outcomes;
      });
      const producer = new Producer(slow, { appendTimeoutMs: PATIENCE_MS });
      const both = () => [
        producer.append('bad', [{ ...text('a'), partition: 0 }]),
        producer.append('good', [text('with a bad one')]),
      ];
      await Promise.all(both());
      badIs = 'slow';
      await Promise.all(both());
      badIs = 'stuck';
      const [stuck, beside] = both();
      await beside;
      for (let n = 0; n < 20; n++) await producer.append('good', [text(`${n}`)]);
      expect(shared).toBeLessThan(2);
      release();
      await stuck;
      await producer.close();
    });

    it('holds a bounded amount of records, and takes more when some are gone', async () => {
      const producer = new Producer(refusing(), { appendTimeoutMs: 1000, waitingBytesMax: 100_000 });
      const waiting = producer.append('bad', [{ key: 'a', value: Buffer.alloc(90_000) }]);
      waiting.catch(() => {});
      const more: NewRecord = { key: 'a', value: Buffer.alloc(20_000) };
      const message = expect.stringContaining('bytes of records wait');
      await expect(producer.append('good', [more])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE', message });
      await producer.append('good', [text('small')]);
      await expect(waiting).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
      await until(async () => {
        await producer.append('good', [more]);
        return true;
      });
      await producer.close();
    });
  });

  it('refuses only the call that is too large for a topic, not those that shared its batch', async () => {
    const log = await open();
    await makeForeign('narrow', { 'max.message.bytes': '5000' });
    await log.ends('narrow');
    const sizes = [1000, 3000, 9000, 2000, 2500, 4000];
    const outcomes = await Promise.allSettled(
      sizes.map((size) => log.append('narrow', [{ key: 'a', value: Buffer.alloc(size) }])),
    );
    expect(outcomes.map(({ status }, n) => [sizes[n], status])).toEqual(
      sizes.map((size) => [size, size > 5000 ? 'rejected' : 'fulfilled']),
    );
    expect(outcomes[2]).toMatchObject({ reason: { code: 'RECORD_TOO_LARGE' } });
    expect((await readAll(log, 'narrow')).map(({ value }) => value?.length)).toEqual(
      sizes.filter((size) => size <= 5000),
    );
  });

  it('refuses only the call whose record the broker refuses', async () => {
    const log = await open();
    await makeForeign('punctual', { 'message.timestamp.after.max.ms': '60000' });
    await log.ends('punctual');
    const records = [text('1'), { ...text('2'), timestamp: Date.now() + 3_600_000 }, text('3')];
    const outcomes = await Promise.allSettled(records.map((record) => log.append('punctual', [record])));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await readAll(log, 'punctual')).map(({ value }) => String(value))).toEqual(['1', '3']);
  });

  it('takes any time of a record in topics of its own', async () => {
    const log = await open();
    await log.ensureTopics([{ name: 'times', partitions: 1, cleanup: 'compact', retentionMs: null }]);
    const times = [253_402_300_799_999, 0, 1_700_000_000_000];
    await log.append(
      'times',
      times.map((timestamp) => ({ ...text('a'), timestamp })),
    );
    expect((await readAll(log, 'times')).map(({ timestamp }) => timestamp)).toEqual(times);
  });
});

function text(value: string): NewRecord {
  return { key: 'a', value: Buffer.from(value) };
}
