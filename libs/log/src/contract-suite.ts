import { randomUUID } from 'node:crypto';
import { isLogError, type LogErrorCode } from './errors';
import { partitionOf } from './partition';
import type { From, GroupConsumer, GroupOptions, Log, LogReader, LogRecord, NewRecord, TopicSpec } from './port';

/** A log of its own for one test: an empty folder, or a namespace of a cluster. */
export interface LogUnderTest {
  readonly log: Log;
  /** One more handle on the same log, as another process has it. */
  again(): Promise<Log>;
  /** A member of a group in a process of its own. `kill` ends it without a word; it never commits. */
  stray(options: GroupOptions): Promise<{ readonly holds: () => Promise<number>; kill(): Promise<void> }>;
  /**
   * A member of a group in a process of its own. Takes a batch and hangs, so that it loses its partitions; when told to
   * go on it first commits that batch, then takes and commits others.
   */
  hanging(options: GroupOptions): Promise<{
    /** Values of the next batch taken. */
    batch(): Promise<readonly string[]>;
    /** @returns `committed`, or the code of the error that the commit ended with */
    goOn(): Promise<string>;
  }>;
  /** Closes all handles and removes the log. */
  destroy(): Promise<void>;
}

export type OpenLog = () => Promise<LogUnderTest>;

/** A text says why the adapter cannot be asked; true: it can. */
export interface LogFeatures {
  /** `maintain` compacts before it resolves, and leaves the newest record of each key. */
  readonly compactsOnRequest: true | string;
  /** `maintain` removes expired records before it resolves. */
  readonly expiresOnRequest: true | string;
  /** A member that hangs or dies loses its partitions within a test's patience. */
  readonly strayMembers: true | string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** For conditions that come true by themselves: how long a test waits before it calls them false. */
const PATIENCE_MS = 30_000;

/** Proves each sentence of the port for an adapter. Holes in offsets and slow topics are allowed throughout. */
export function testLogContract(name: string, open: OpenLog, features: LogFeatures): void {
  const when = (feature: true | string, title: string, body: () => Promise<void>) =>
    feature === true ? it(title, body) : it.skip(`${title} (${feature})`, body);

  describe(`log contract: ${name}`, () => {
    let under: LogUnderTest;
    let log: Log;

    beforeEach(async () => {
      under = await open();
      log = under.log;
    });
    afterEach(() => under.destroy());

    const make = async (spec: Partial<TopicSpec> = {}): Promise<string> => {
      const topic = {
        name: `topic-${randomUUID()}`,
        partitions: 3,
        cleanup: 'delete',
        retentionMs: null,
        ...spec,
      } as const;
      await log.ensureTopics([topic]);
      return topic.name;
    };

    describe('identity', () => {
      it('is the same from every handle, also when all others are closed and after topics were made', async () => {
        const identity = await log.identity();
        expect(identity).not.toBe('');
        expect(await (await under.again()).identity()).toBe(identity);
        await make();
        await log.close();
        expect(await (await under.again()).identity()).toBe(identity);
        await failure(log.identity(), 'LOG_CLOSED');
      });

      it('is another one for another log', async () => {
        const other = await open();
        try {
          expect(await other.log.identity()).not.toBe(await log.identity());
        } finally {
          await other.destroy();
        }
      });
    });

    describe('topics', () => {
      it('are made once, and making them again changes nothing', async () => {
        const topic = await make();
        await log.append(topic, [text('a', '1')]);
        await log.ensureTopics([{ name: topic, partitions: 3, cleanup: 'delete', retentionMs: null }]);
        expect(await log.topics()).toContain(topic);
        expect(values(await all(log, topic))).toEqual(['1']);
      });

      it('are described with their settings and offsets', async () => {
        const topic = await make({ partitions: 2, cleanup: 'compact' });
        expect(await log.describe(topic)).toMatchObject({
          name: topic,
          partitions: 2,
          cleanup: 'compact',
          offsets: [
            { partition: 0, start: 0, end: 0 },
            { partition: 1, start: 0, end: 0 },
          ],
        });
        expect(await log.describe('no-such-topic')).toBeUndefined();
      });

      it('refuse other settings and name each', async () => {
        const topic = await make();
        const other = { name: topic, partitions: 4, cleanup: 'compact', retentionMs: null } as const;
        const error = await failure(log.ensureTopics([other]), 'TOPIC_MISMATCH');
        expect(error.message).toMatch(/partitions.*cleanup/);
      });

      it('may be made by several handles at once', async () => {
        const spec = { name: `topic-${randomUUID()}`, partitions: 3, cleanup: 'delete', retentionMs: null } as const;
        const handles = [log, await under.again(), await under.again()];
        await Promise.all(handles.map((handle) => handle.ensureTopics([spec])));
        await Promise.all(handles.map((handle) => handle.append(spec.name, [text('a', '1')])));
        expect(await all(log, spec.name)).toHaveLength(3);
      });

      it('that do not exist are told as such', async () => {
        await failure(log.append('no-such-topic', [text('a', '1')]), 'UNKNOWN_TOPIC');
        await failure(log.reader('no-such-topic', 'earliest'), 'UNKNOWN_TOPIC');
        await failure(log.ends('no-such-topic'), 'UNKNOWN_TOPIC');
        await failure(log.consumer({ group: 'g', topics: ['no-such-topic'] }), 'UNKNOWN_TOPIC');
      });
    });

    describe('append', () => {
      it('puts a key where murmur2 says, and keeps its order', async () => {
        const topic = await make();
        const keys = ['a', 'b', 'ü', '€uro', ''];
        for (let n = 0; n < 5; n++)
          await log.append(
            topic,
            keys.map((key) => text(key, `${key}${n}`)),
          );
        const records = await all(log, topic);
        for (const key of keys) {
          const own = records.filter((record) => record.key === key);
          expect(values(own)).toEqual([0, 1, 2, 3, 4].map((n) => `${key}${n}`));
          expect(new Set(own.map((record) => record.partition))).toEqual(new Set([partitionOf(key, 3)]));
          expect(await log.partitionFor(topic, key)).toBe(partitionOf(key, 3));
        }
      });

      it('tells where each record went, in the order given', async () => {
        const topic = await make();
        const records = Array.from({ length: 50 }, (_, n) => text(`key ${n % 7}`, `${n}`));
        const positions = await log.append(topic, records);
        const stored = new Map((await all(log, topic)).map((r) => [`${r.partition}/${r.offset}`, r.value?.toString()]));
        expect(positions.map((p) => stored.get(`${p.partition}/${p.offset}`))).toEqual(records.map((_, n) => `${n}`));
      });

      it('keeps concurrent calls apart and in order', async () => {
        const topic = await make();
        const other = await under.again();
        const writers = [log, log, other, other].map(async (handle, writer) => {
          for (let n = 0; n < 25; n++) await handle.append(topic, [text(`key ${writer}`, `${n}`)]);
        });
        await Promise.all(writers);
        const records = await all(log, topic);
        expect(new Set(records.map((r) => `${r.partition}/${r.offset}`)).size).toBe(100);
        for (let writer = 0; writer < 4; writer++) {
          const own = records.filter((record) => record.key === `key ${writer}`);
          expect(values(own)).toEqual(Array.from({ length: 25 }, (_, n) => `${n}`));
        }
      });

      it('keeps the order in which calls of one handle were made', async () => {
        const topic = await make();
        await Promise.all(Array.from({ length: 200 }, (_, n) => log.append(topic, [text('a', `${n}`)])));
        expect(values(await all(log, topic))).toEqual(Array.from({ length: 200 }, (_, n) => `${n}`));
      });

      it('shows records of one call and partition together', async () => {
        const topic = await make({ partitions: 1 });
        const other = await under.again();
        const reader = await other.reader(topic, 'earliest');
        const writing = (async () => {
          for (let n = 0; n < 30; n++)
            await log.append(
              topic,
              Array.from({ length: 10 }, (_, i) => text('a', `${n * 10 + i}`)),
            );
        })();
        let seen = 0;
        while (seen < 300) {
          const batch = await reader.next({ maxWaitMs: PATIENCE_MS, maxRecords: 1000 });
          seen += batch?.records.length ?? 0;
          expect(seen % 10).toBe(0);
        }
        await writing;
      });

      it('spreads records without a key over all partitions', async () => {
        const topic = await make();
        for (let n = 0; n < 30; n++) await log.append(topic, [{ key: null, value: Buffer.from(`${n}`) }]);
        const records = await all(log, topic);
        expect(new Set(records.map((record) => record.partition)).size).toBe(3);
        expect(records.every((record) => record.key === null)).toBe(true);
      });

      it('puts a record into the partition it names', async () => {
        const topic = await make();
        const [position] = await log.append(topic, [{ ...text('a', '1'), partition: 2 }]);
        expect(position?.partition).toBe(2);
        await expect(log.append(topic, [{ ...text('a', '1'), partition: 3 }])).rejects.toThrow();
      });

      it('gives back key, value, headers and timestamp as they were', async () => {
        const topic = await make({ partitions: 1 });
        const value = Buffer.from([0, 255, 1, 128]);
        const headers = { traceparent: '00-ab', 'ü "quoted"': 'line\nbreak', empty: '' };
        await log.append(topic, [
          { key: 'ключ', value, headers, timestamp: 1_700_000_000_123 },
          { key: 'k', value: null },
          { key: null, value: Buffer.alloc(0) },
        ]);
        const [first, second, third] = await all(log, topic);
        expect(first).toMatchObject({ key: 'ключ', headers, timestamp: 1_700_000_000_123 });
        expect(first?.value).toEqual(value);
        expect(second).toMatchObject({ key: 'k', value: null, headers: {} });
        expect(third?.key).toBeNull();
        expect(third?.value).toHaveLength(0);
      });

      it('gives the time of the append where none is given', async () => {
        const topic = await make({ partitions: 1 });
        const before = Date.now();
        await log.append(topic, [text('a', '1')]);
        const [record] = await all(log, topic);
        expect(record?.timestamp).toBeGreaterThanOrEqual(before);
        expect(record?.timestamp).toBeLessThanOrEqual(Date.now());
      });

      it('takes no records without a fuss', async () => {
        expect(await log.append(await make(), [])).toEqual([]);
      });

      it('keeps a large record and refuses one that is too large', async () => {
        const topic = await make({ partitions: 1 });
        const large = Buffer.alloc(900_000, 'x');
        await log.append(topic, [{ key: 'a', value: large }, text('a', 'small')]);
        const records = await all(log, topic);
        expect(records[0]?.value?.equals(large)).toBe(true);
        expect(records[1]?.value?.toString()).toBe('small');
        await failure(log.append(topic, [{ key: 'a', value: Buffer.alloc(17 * 2 ** 20) }]), 'RECORD_TOO_LARGE');
        expect(await all(log, topic)).toHaveLength(2);
      });
    });

    describe('reader', () => {
      it('reads from the beginning, the end, an offset and a time', async () => {
        const topic = await make({ partitions: 1 });
        const positions = await log.append(
          topic,
          [1000, 2000, 3000].map((timestamp) => ({ ...text('a', `${timestamp}`), timestamp })),
        );
        const read = async (from: From) => values(await drain(await log.reader(topic, from), await log.ends(topic)));
        expect(await read('earliest')).toEqual(['1000', '2000', '3000']);
        expect(await read('latest')).toEqual([]);
        expect(await read(positions[1]?.offset ?? -1)).toEqual(['2000', '3000']);
        expect(await read({ timestamp: 1001 })).toEqual(['2000', '3000']);
        expect(await read({ timestamp: 3001 })).toEqual([]);
      });

      it('reads only the partitions asked for', async () => {
        const topic = await make();
        await log.append(
          topic,
          [0, 1, 2].map((partition) => ({ ...text('a', `${partition}`), partition })),
        );
        const reader = await log.reader(topic, new Map([[1, 'earliest'] as const]));
        expect(values(await drain(reader, await log.ends(topic)))).toEqual(['1']);
        expect([...reader.positions().keys()]).toEqual([1]);
      });

      it('tells positions that another reader goes on from, and when it is caught up', async () => {
        const topic = await make({ partitions: 1 });
        await log.append(
          topic,
          Array.from({ length: 10 }, (_, n) => text('a', `${n}`)),
        );
        const reader = await log.reader(topic, 'earliest');
        const first = await reader.next({ maxRecords: 4, maxWaitMs: PATIENCE_MS });
        expect(values(first?.records ?? [])).toEqual(['0', '1', '2', '3']);
        expect(first?.next).toBeLessThan(first?.end ?? 0);
        expect(reader.positions()).toEqual(new Map([[0, first?.next]]));
        const rest = await drain(await log.reader(topic, reader.positions()), await log.ends(topic));
        expect(values(rest)).toEqual(['4', '5', '6', '7', '8', '9']);
        expect((await log.ends(topic)).get(0)).toBeGreaterThan(rest.at(-1)?.offset ?? 0);
      });

      it('lets partitions take turns', async () => {
        const topic = await make();
        const records = [0, 1, 2].flatMap((partition) =>
          Array.from({ length: 50 }, () => ({ ...text('a', '1'), partition })),
        );
        await log.append(topic, records);
        const reader = await log.reader(topic, 'earliest');
        const order: number[] = [];
        for (let n = 0; n < 3; n++) {
          const batch = await reader.next({ maxRecords: 5, maxWaitMs: PATIENCE_MS });
          order.push(batch?.partition ?? -1);
        }
        expect(new Set(order).size).toBe(3);
      });

      it('waits for an append of another handle', async () => {
        const topic = await make();
        const other = await under.again();
        const reader = await log.reader(topic, 'latest');
        const waiting = reader.next({ maxWaitMs: PATIENCE_MS });
        await other.append(topic, [text('a', 'wake')]);
        expect(values((await waiting)?.records ?? [])).toEqual(['wake']);
      });

      it('gives undefined after the wait, and when aborted', async () => {
        const reader = await log.reader(await make(), 'latest');
        expect(await reader.next({ maxWaitMs: 20 })).toBeUndefined();
        const abort = new AbortController();
        const waiting = reader.next({ maxWaitMs: PATIENCE_MS, signal: abort.signal });
        abort.abort();
        expect(await waiting).toBeUndefined();
      });

      it('refuses an offset behind the end, and goes on refusing', async () => {
        const topic = await make({ partitions: 1 });
        await log.append(topic, [text('a', '1')]);
        const reader = await log.reader(topic, ((await log.ends(topic)).get(0) ?? 0) + 5);
        await failure(reader.next({ maxWaitMs: PATIENCE_MS }), 'OFFSET_OUT_OF_RANGE');
        await failure(reader.next({ maxWaitMs: PATIENCE_MS }), 'OFFSET_OUT_OF_RANGE');
      });

      it('ends quietly when it or the log is closed', async () => {
        const topic = await make();
        const own = await log.reader(topic, 'latest');
        const waiting = own.next({ maxWaitMs: PATIENCE_MS });
        await own.close();
        await own.close();
        expect(await waiting).toBeUndefined();
        const handle = await under.again();
        const late = (await handle.reader(topic, 'latest')).next({ maxWaitMs: PATIENCE_MS });
        await handle.close();
        await handle.close();
        expect(await late).toBeUndefined();
        await failure(handle.append(topic, [text('a', '1')]), 'LOG_CLOSED');
      });
    });

    describe('offsetsAt', () => {
      it('finds the first record at or after a time, also where times go back', async () => {
        const topic = await make({ partitions: 1 });
        const times = [100, 500, 200, 600, 300];
        const offsets = (
          await appendEach(
            log,
            topic,
            times.map((timestamp) => ({ ...text('a', `${timestamp}`), timestamp })),
          )
        ).map((position) => position.offset);
        const end = (await log.ends(topic)).get(0);
        const at = async (timestamp: number) => (await log.offsetsAt(topic, timestamp)).get(0);
        expect(await at(0)).toBe(offsets[0]);
        expect(await at(101)).toBe(offsets[1]);
        expect(await at(500)).toBe(offsets[1]);
        expect(await at(501)).toBe(offsets[3]);
        expect(await at(601)).toBe(end);
      });
    });

    describe('maintain', () => {
      when(features.compactsOnRequest, 'keeps the newest record of each key, and order', async () => {
        const topic = await make({ partitions: 1, cleanup: 'compact' });
        const sequence = ['a1', 'b1', 'a2', 'c1', 'b2', 'a3'];
        const positions = await appendEach(
          log,
          topic,
          sequence.map((value) => text(value.charAt(0), value)),
        );
        const { removed } = await log.maintain(Date.now());
        expect(removed).toBe(3);
        const records = await all(log, topic);
        expect(values(records)).toEqual(['c1', 'b2', 'a3']);
        expect(records.map((record) => record.offset)).toEqual([3, 4, 5].map((n) => positions[n]?.offset));
        expect((await log.maintain(Date.now())).removed).toBe(0);
        await log.append(topic, [text('c', 'c2')]);
        expect((await log.maintain(Date.now())).removed).toBe(1);
        expect(values(await all(log, topic))).toEqual(['b2', 'a3', 'c2']);
      });

      when(features.compactsOnRequest, 'keeps a tombstone for a day, so that readers learn of it', async () => {
        const topic = await make({ partitions: 1, cleanup: 'compact' });
        await log.append(topic, [text('a', '1'), { key: 'a', value: null }, text('b', '1')]);
        await log.maintain(Date.now());
        expect((await all(log, topic)).map(({ key, value }) => [key, value?.toString()])).toEqual([
          ['a', undefined],
          ['b', '1'],
        ]);
        await log.maintain(Date.now() + DAY_MS + 1000);
        expect((await all(log, topic)).map(({ key }) => key)).toEqual(['b']);
      });

      when(features.compactsOnRequest, 'lets a reader in a hole, or at a removed tail, get to the end', async () => {
        const topic = await make({ partitions: 1, cleanup: 'compact' });
        await log.append(topic, [text('a', '1'), text('a', '2'), { key: 'a', value: null }]);
        await log.maintain(Date.now() + 2 * DAY_MS);
        const reader = await log.reader(topic, 1);
        const batch = await reader.next({ maxWaitMs: PATIENCE_MS });
        expect(batch).toMatchObject({ records: [], next: batch?.end });
        const [position] = await log.append(topic, [text('a', '3')]);
        expect((await reader.next({ maxWaitMs: PATIENCE_MS }))?.records[0]?.offset).toBe(position?.offset);
      });

      when(features.expiresOnRequest, 'removes what is older than the retention, and refuses to read it', async () => {
        const topic = await make({ partitions: 1, retentionMs: DAY_MS });
        const nowMs = Date.now();
        await appendEach(log, topic, [
          { ...text('a', 'old'), timestamp: nowMs - 3 * DAY_MS },
          { ...text('a', 'new'), timestamp: nowMs },
        ]);
        await log.maintain(nowMs);
        expect(values(await all(log, topic))).toEqual(['new']);
        expect((await log.describe(topic))?.offsets[0]?.start).toBe(1);
        await failure((await log.reader(topic, 0)).next({ maxWaitMs: PATIENCE_MS }), 'OFFSET_OUT_OF_RANGE');
      });
    });

    describe('group', () => {
      const join = (handle: Log, topic: string, more: Partial<GroupOptions> = {}) =>
        handle.consumer({ group: 'g', topics: [topic], ...more });

      it('goes on after its last commit', async () => {
        const topic = await make({ partitions: 1 });
        await log.append(
          topic,
          Array.from({ length: 10 }, (_, n) => text('a', `${n}`)),
        );
        const first = await join(log, topic, { maxRecords: 3 });
        const batch = await first.next({ maxWaitMs: PATIENCE_MS });
        await batch?.commit();
        expect((await first.next({ maxWaitMs: PATIENCE_MS }))?.records).toHaveLength(3);
        await first.close();
        expect((await log.committed('g', topic)).get(0)).toBe(batch?.next);
        const second = await join(await under.again(), topic);
        expect(values((await second.next({ maxWaitMs: PATIENCE_MS }))?.records ?? [])).toEqual([
          '3',
          '4',
          '5',
          '6',
          '7',
          '8',
          '9',
        ]);
        await second.close();
      });

      it('begins where it is told, and groups do not disturb each other', async () => {
        const topic = await make({ partitions: 1 });
        await log.append(topic, [text('a', 'old')]);
        const late = await join(log, topic, { group: 'late', from: 'latest' });
        const early = await join(log, topic, { group: 'early' });
        await log.append(topic, [text('a', 'new')]);
        expect(values((await late.next({ maxWaitMs: PATIENCE_MS }))?.records ?? [])).toEqual(['new']);
        const read: LogRecord[] = [];
        while (read.length < 2) read.push(...((await early.next({ maxWaitMs: PATIENCE_MS }))?.records ?? []));
        expect(values(read)).toEqual(['old', 'new']);
        await Promise.all([late.close(), early.close()]);
      });

      it('shares partitions between members, each held once, and hands them over on close', async () => {
        const topic = await make({ partitions: 4 });
        const one = await join(log, topic);
        const two = await join(await under.again(), topic);
        await until(async () => {
          await Promise.all([one.next(), two.next()]);
          return held(one, topic).length === 2 && held(two, topic).length === 2;
        });
        expect([...held(one, topic), ...held(two, topic)].sort()).toEqual([0, 1, 2, 3]);
        await two.close();
        await until(async () => {
          await one.next();
          return held(one, topic).length === 4;
        });
        await one.close();
      });

      it('handles every record, whoever comes and goes', async () => {
        const topic = await make({ partitions: 4 });
        const seen = new Set<string>();
        const consume = async (consumer: GroupConsumer, enough: () => boolean) => {
          while (!enough()) {
            const batch = await consumer.next({ maxWaitMs: 50 });
            for (const value of values(batch?.records ?? [])) seen.add(value);
            await batch?.commit().catch((error) => expect(isLogError(error, 'FENCED')).toBe(true));
          }
          await consumer.close();
        };
        const one = consume(await join(log, topic, { maxRecords: 10 }), () => seen.size === 400);
        for (let n = 0; n < 100; n++)
          await log.append(
            topic,
            [0, 1].map((i) => text(`${n}/${i}`, `${n}/${i}`)),
          );
        const two = consume(await join(await under.again(), topic, { maxRecords: 10 }), () => seen.size > 300);
        for (let n = 100; n < 200; n++)
          await log.append(
            topic,
            [0, 1].map((i) => text(`${n}/${i}`, `${n}/${i}`)),
          );
        await Promise.all([one, two]);
        expect(await log.lag('g')).toEqual(
          expect.arrayContaining([0, 1, 2, 3].map((partition) => expect.objectContaining({ partition, lag: 0 }))),
        );
      });

      it('gives no partition away while its batch is handled, and fences whoever lost it', async () => {
        const topic = await make({ partitions: 2 });
        await log.append(
          topic,
          [0, 1].map((partition) => ({ ...text('a', `${partition}`), partition })),
        );
        const one = await join(log, topic);
        await until(async () => held(one, topic).length === 2);
        const batches = [await one.next({ maxWaitMs: PATIENCE_MS })];
        const two = await join(await under.again(), topic);
        const busy = batches[0]?.partition ?? -1;
        expect(held(one, topic)).toContain(busy);
        await batches[0]?.commit();
        await until(async () => {
          const batch = await one.next();
          if (batch) batches.push(batch);
          await two.next();
          return held(one, topic).length === 1 && held(two, topic).length === 1;
        });
        const lost = batches.find((batch) => batch && !held(one, topic).includes(batch.partition));
        if (lost) await failure(lost.commit(), 'FENCED');
        await one.close();
        await failure(batches[0]?.commit() ?? Promise.resolve(), 'FENCED');
        await two.close();
      });

      when(features.strayMembers, 'takes over from a member that was killed', async () => {
        const topic = await make({ partitions: 2 });
        await log.append(
          topic,
          [0, 1].map((partition) => ({ ...text('a', `${partition}`), partition })),
        );
        const stray = await under.stray({ group: 'g', topics: [topic] });
        expect(await stray.holds()).toBe(2);
        const heir = await join(log, topic);
        await stray.kill();
        await until(async () => {
          await heir.next();
          return held(heir, topic).length === 2;
        });
        await heir.close();
      });

      when(features.strayMembers, 'gives a batch again that was lost and fenced, to its former owner too', async () => {
        const topic = await make({ partitions: 1 });
        const sent = Array.from({ length: 20 }, (_, n) => `${n}`);
        await log.append(
          topic,
          sent.map((value) => text('a', value)),
        );
        const member = await under.hanging({ group: 'g', topics: [topic], maxRecords: 10 });
        expect(await member.batch()).toEqual(sent.slice(0, 10));
        const heir = await join(log, topic);
        await until(async () => {
          await heir.next();
          return held(heir, topic).length === 1;
        });
        await heir.close();
        expect(await member.goOn()).toBe('FENCED');
        const handled: string[] = [];
        while (handled.at(-1) !== '19') handled.push(...(await member.batch()));
        expect(handled).toEqual(sent);
      });

      it('takes part in topics that are made later', async () => {
        const [first, second] = [await make({ partitions: 1 }), await make({ partitions: 2 })];
        const consumer = await join(log, first);
        await failure(consumer.subscribe(['no-such-topic']), 'UNKNOWN_TOPIC');
        await consumer.subscribe([second]);
        await until(async () => {
          await consumer.next();
          return held(consumer, second).length === 2;
        });
        await log.append(second, [text('a', '1')]);
        let batch = await consumer.next({ maxWaitMs: PATIENCE_MS });
        while (!batch) batch = await consumer.next({ maxWaitMs: PATIENCE_MS });
        expect(batch.topic).toBe(second);
        await consumer.close();
      });

      it('tells its lag', async () => {
        const topic = await make({ partitions: 1 });
        await log.append(
          topic,
          Array.from({ length: 10 }, (_, n) => text('a', `${n}`)),
        );
        const consumer = await join(log, topic, { maxRecords: 4 });
        const batch = await consumer.next({ maxWaitMs: PATIENCE_MS });
        await batch?.commit();
        expect(await log.lag('g')).toEqual([{ topic, partition: 0, offset: batch?.next, lag: 6 }]);
        expect(await log.lag('nobody')).toEqual([]);
        await consumer.close();
      });

      it('lets its offsets be set by hand once it has no members', async () => {
        const topic = await make({ partitions: 1 });
        await log.append(
          topic,
          Array.from({ length: 5 }, (_, n) => text('a', `${n}`)),
        );
        const consumer = await join(log, topic);
        await (await consumer.next({ maxWaitMs: PATIENCE_MS }))?.commit();
        await failure((await under.again()).resetOffsets('g', topic, new Map([[0, 2]])), 'GROUP_ACTIVE');
        await consumer.close();
        await log.resetOffsets('g', topic, new Map([[0, 2]]));
        const replay = await join(log, topic);
        expect(values((await replay.next({ maxWaitMs: PATIENCE_MS }))?.records ?? [])).toEqual(['2', '3', '4']);
        await replay.close();
      });

      it('ends quietly when it or the log is closed', async () => {
        const topic = await make();
        const handle = await under.again();
        const consumer = await join(handle, topic);
        const waiting = consumer.next({ maxWaitMs: PATIENCE_MS });
        await consumer.close();
        await consumer.close();
        expect(await waiting).toBeUndefined();
        const late = (await join(handle, topic)).next({ maxWaitMs: PATIENCE_MS });
        await handle.close();
        expect(await late).toBeUndefined();
      });
    });

    it('can be asked whether it takes records', async () => {
      await log.check();
      const handle = await under.again();
      await handle.close();
      await failure(handle.check(), 'LOG_CLOSED');
    });
  });
}

function text(key: string, value: string): NewRecord {
  return { key, value: Buffer.from(value) };
}

function values(records: readonly LogRecord[]): string[] {
  return records.map((record) => record.value?.toString() ?? '');
}

function held(consumer: GroupConsumer, topic: string): readonly number[] {
  return consumer.assignment().get(topic) ?? [];
}

async function appendEach(log: Log, topic: string, records: readonly NewRecord[]) {
  const positions = [];
  for (const record of records) positions.push(...(await log.append(topic, [record])));
  return positions;
}

/** All records of a topic, to the ends it has now. */
async function all(log: Log, topic: string): Promise<LogRecord[]> {
  return drain(await log.reader(topic, 'earliest'), await log.ends(topic));
}

/** All records up to the ends: a log that is far away has nothing at hand at once, so that no wait would say nothing. */
async function drain(reader: LogReader, ends: ReadonlyMap<number, number>): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const behind = () => [...reader.positions()].some(([partition, offset]) => offset < (ends.get(partition) ?? 0));
  for (;;) {
    const batch = await reader.next({ maxWaitMs: behind() ? PATIENCE_MS : 0 });
    if (!batch && !behind()) break;
    records.push(...(batch?.records ?? []));
  }
  await reader.close();
  return records;
}

/** Asks again until it is so; fails when patience ends. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function failure(promise: Promise<unknown>, code: LogErrorCode): Promise<Error> {
  const error = await promise.then(
    () => new Error(`nothing was thrown, expected ${code}`),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ code });
  return error;
}
