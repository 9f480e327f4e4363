import { randomUUID } from 'node:crypto';
import { describeWithOwnKafka } from '@parley/kafka-dev';
import { pino } from 'pino';
import { readAll, until } from '../../test/waiting';
import { isLogError } from '../errors';
import type { Log, Position } from '../port';
import { openKafkaLog } from './log';

jest.setTimeout(300_000);
const WRITERS = 8;

describeWithOwnKafka('appends to a broker that fails', { registry: false }, (kafka) => {
  const topic = 'events';
  const logs: Log[] = [];
  let prefix: string;

  const open = async () => {
    const logger = pino({ level: 'silent' });
    const log = await openKafkaLog({ brokers: kafka().brokers, clientId: 'parley-test', prefix, logger });
    logs.push(log);
    return log;
  };

  beforeEach(() => {
    prefix = `test-${randomUUID()}.`;
  });
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });

  /** Writers that append one record after the other, each under its key, until told to stop. */
  const write = (log: Log) => {
    const acknowledged = new Map<string, Position | undefined>();
    let [stopped, failed] = [false, 0];
    const done = Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let n = 0; !stopped; n++) {
          const value = `${writer}/${n}`;
          try {
            const [position] = await log.append(topic, [{ key: `writer ${writer}`, value: Buffer.from(value) }]);
            acknowledged.set(value, position);
          } catch (error) {
            if (!isLogError(error, 'LOG_UNAVAILABLE')) throw error;
            failed++;
          }
        }
      }),
    );
    return {
      acknowledged,
      failed: () => failed,
      stop: () => {
        stopped = true;
        return done;
      },
    };
  };

  const verify = async (log: Log, acknowledged: ReadonlyMap<string, Position | undefined>) => {
    const records = await readAll(log, topic);
    const stored = new Map(records.map((record) => [String(record.value), record]));
    expect(stored.size).toBe(records.length);
    for (const [value, position] of acknowledged) expect(stored.get(value)).toMatchObject(position ?? {});
    for (let writer = 0; writer < WRITERS; writer++) {
      const own = records.filter(({ key }) => key === `writer ${writer}`);
      const order = own.map(({ value }) => Number(String(value).split('/')[1]));
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  };

  const begin = async () => {
    const log = await open();
    await log.ensureTopics([{ name: topic, partitions: 3, cleanup: 'delete', retentionMs: null }]);
    const writing = write(log);
    await until(async () => writing.acknowledged.size > 100);
    return { log, ...writing };
  };

  it('that is killed and started again: nothing acknowledged is lost or doubled', async () => {
    const { log, acknowledged, stop } = await begin();
    for (let round = 0; round < 2; round++) {
      await kafka().broker.kill();
      const before = acknowledged.size;
      await kafka().broker.start();
      await until(async () => acknowledged.size > before + 100);
    }
    await stop();
    await verify(log, acknowledged);
  });

  it('that stands still with its connections open: each call ends, and all goes on by itself', async () => {
    const { log, acknowledged, failed, stop } = await begin();
    await kafka().broker.pause();
    try {
      // Longer than an append is tried.
      await until(async () => failed() > WRITERS);
      await expect(log.check()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
      await expect(log.ends(topic)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    } finally {
      kafka().broker.resume();
    }
    const before = acknowledged.size;
    await until(async () => acknowledged.size > before + 100);
    await stop();
    await log.check();
    await verify(log, acknowledged);
  });

  it('that is away: who has found out tells it at once, and later that it is back', async () => {
    const { log, failed, acknowledged, stop } = await begin();
    await kafka().broker.kill();
    await until(async () => failed() > 0);
    const other = await open();
    const firstOfOther = other.append(topic, [{ key: 'a', value: Buffer.from('-1/0') }]).catch((e: unknown) => e);
    for (let n = 0; n < 4; n++) {
      await expect(log.append(topic, [{ key: 'a', value: null }])).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    }
    expect(await firstOfOther).toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await expect(log.check()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await kafka().broker.start();
    const before = acknowledged.size;
    await until(async () => acknowledged.size > before + 100);
    await until(async () => log.check().then(() => true));
    await stop();
  });
});
