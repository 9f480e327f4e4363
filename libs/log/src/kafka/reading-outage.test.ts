import { randomUUID } from 'node:crypto';
import { describeWithOwnKafka } from '@parley/kafka-dev';
import { openLogAt } from '../../test/open-log';
import { PATIENCE_MS, until } from '../../test/waiting';
import type { GroupConsumer, Log, LogReader } from '../port';

// A broker that was killed may take half a minute to answer again.
jest.setTimeout(120_000);

describeWithOwnKafka('reading while brokers are away', { registry: false }, (kafka) => {
  let log: Log;
  let topic: string;
  const expected: string[] = [];

  beforeEach(async () => {
    expected.length = 0;
    topic = `topic-${randomUUID()}`;
    log = await openLogAt({ brokers: kafka().brokers, prefix: '' });
    await log.ensureTopics([{ name: topic, partitions: 2, cleanup: 'delete', retentionMs: null }]);
  });
  afterEach(() => log.close());

  const append = async (count: number) => {
    const values = Array.from({ length: count }, (_, n) => `${expected.length + n}`);
    await retrying(() =>
      log.append(
        topic,
        values.map((value, n) => ({ key: null, value: Buffer.from(value), partition: n % 2 })),
      ),
    );
    expected.push(...values);
  };
  /** Errors other than of brokers that are away fail the test. */
  const failuresOf = async (source: LogReader | GroupConsumer): Promise<number> => {
    let failures = 0;
    await until(async () => {
      const batch = await source.next({ maxWaitMs: 200 }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'LOG_UNAVAILABLE', retryable: true });
        failures++;
        return undefined;
      });
      expect(batch).toBeUndefined();
      return failures > 0;
    });
    return failures;
  };
  const drain = async (reader: LogReader, seen: string[]) => {
    await until(async () => {
      const batch = await reader.next({ maxWaitMs: 1000 }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'LOG_UNAVAILABLE' });
        return undefined;
      });
      seen.push(...(batch?.records ?? []).map(({ value }) => `${value}`));
      return seen.length >= expected.length;
    });
  };
  const consume = async (consumer: GroupConsumer, handled: Set<string>) => {
    await until(async () => {
      try {
        const batch = await consumer.next({ maxWaitMs: 1000 });
        await batch?.commit();
        for (const { value } of batch?.records ?? []) handled.add(`${value}`);
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/LOG_UNAVAILABLE|FENCED/);
      }
      return handled.size >= expected.length;
    });
  };

  const outages = [
    ['killed', () => kafka().broker.kill(), () => kafka().broker.start()],
    ['stopped', async () => kafka().broker.pause(), async () => kafka().broker.resume()],
  ] as const;

  it.each(outages)('tells of a broker that is %s, and goes on where it was', async (_, away, back) => {
    const reader = await log.reader(topic, 'earliest');
    const seen: string[] = [];
    await append(10);
    await drain(reader, seen);
    await away();
    expect(await failuresOf(reader)).toBe(1);
    await back();
    await append(10);
    await drain(reader, seen);
    expect([...seen].sort()).toEqual([...expected].sort());
  });

  it.each(outages)('keeps a group together over a broker that is %s', async (_, away, back) => {
    const consumer = await log.consumer({ group: 'g', topics: [topic] });
    const handled = new Set<string>();
    await append(10);
    await consume(consumer, handled);
    await append(1);
    let batch = await consumer.next({ maxWaitMs: PATIENCE_MS });
    while (!batch) batch = await consumer.next({ maxWaitMs: PATIENCE_MS });
    await away();
    await expect(batch.commit()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE', retryable: true });
    await failuresOf(consumer);
    await back();
    await append(10);
    // Whether the batch still counts is the broker's to say; either way all of it is handled.
    await retrying(() => batch.commit()).then(
      () => {
        for (const { value } of batch.records) handled.add(`${value}`);
      },
      (error: unknown) => expect(error).toMatchObject({ code: 'FENCED' }),
    );
    await consume(consumer, handled);
    expect(handled).toEqual(new Set(expected));
    await until(async () => (await log.lag('g')).every(({ lag }) => lag === 0));
    await consumer.close();
  });
});

async function retrying<T>(work: () => Promise<T>): Promise<T> {
  let result: { readonly value: T } | undefined;
  await until(async () => {
    try {
      result = { value: await work() };
    } catch (error) {
      if ((error as { code?: string }).code !== 'LOG_UNAVAILABLE') throw error;
    }
    return result !== undefined;
  });
  return (result as { readonly value: T }).value;
}
