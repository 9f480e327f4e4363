import fc from 'fast-check';
import { openForTest } from '../../test/under-test';
import { partitionOf } from '../partition';
import type { Log, LogRecord } from '../port';

const DAY_MS = 24 * 60 * 60 * 1000;
const PARTITIONS = 2;

interface Entry {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
}

/** The log as it should be: an array a partition. */
class Model {
  readonly partitions = Array.from({ length: PARTITIONS }, (): Entry[] => []);
  readonly ends = Array.from({ length: PARTITIONS }, () => 0);

  append(partition: number, record: Omit<Entry, 'offset'>): number {
    const offset = this.ends[partition] ?? 0;
    this.ends[partition] = offset + 1;
    this.partitions[partition]?.push({ ...record, offset });
    return offset;
  }

  compact(nowMs: number): void {
    for (const [partition, entries] of this.partitions.entries()) {
      this.partitions[partition] = entries.filter(({ key, offset, value, timestamp }) => {
        if (key === null) return true;
        if (entries.some((later) => later.key === key && later.offset > offset)) return false;
        return value !== null || timestamp + DAY_MS > nowMs;
      });
    }
  }
}

const record = fc.record({
  key: fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { freq: 6 }),
  value: fc.option(
    fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.integer({ min: 0, max: 70_000 }).map((bytes) => 'x'.repeat(bytes)),
    ),
    { freq: 5 },
  ),
  timestamp: fc.integer({ min: 0, max: 10 * DAY_MS }),
  partition: fc.nat(PARTITIONS - 1),
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ append: fc.array(record, { maxLength: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ compactAt: fc.integer({ min: 0, max: 12 * DAY_MS }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      readFrom: fc.nat(60),
      partition: fc.nat(PARTITIONS - 1),
      max: fc.integer({ min: 1, max: 7 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ offsetAt: fc.integer({ min: 0, max: 11 * DAY_MS }) }) },
);

const plain = ({ offset, key, value, timestamp }: LogRecord): Entry => ({
  offset,
  key,
  value: value === null ? null : value.toString(),
  timestamp,
});

async function read(log: Log, topic: string, from: ReadonlyMap<number, number>, maxRecords: number): Promise<Entry[]> {
  const reader = await log.reader(topic, from);
  const entries: Entry[] = [];
  for (let batch = await reader.next({ maxRecords }); batch; batch = await reader.next({ maxRecords })) {
    expect(batch.records.length).toBeLessThanOrEqual(maxRecords);
    entries.push(...batch.records.map(plain));
  }
  expect([...reader.positions()]).toEqual([...from.keys()].map((partition) => [partition, expect.any(Number)]));
  await reader.close();
  return entries;
}

it('holds what an array would hold, through any appends, compactions and reads', async () => {
  const under = await openForTest();
  const { log } = under;
  let topics = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const name = `topic-${topics++}`;
      await log.ensureTopics([{ name, partitions: PARTITIONS, cleanup: 'compact', retentionMs: null }]);
      const model = new Model();
      for (const action of steps) {
        if ('append' in action) {
          const records = action.append.map(({ value, ...rest }) => ({
            ...rest,
            partition: rest.key === null ? rest.partition : partitionOf(rest.key, PARTITIONS),
            value: value === null ? null : Buffer.from(value),
          }));
          const positions = await log.append(name, records);
          const expected = records.map(({ partition, value, key, timestamp }) => ({
            partition,
            offset: model.append(partition, { key, timestamp, value: value?.toString() ?? null }),
          }));
          expect(positions).toEqual(expected);
        } else if ('compactAt' in action) {
          await log.maintain(action.compactAt);
          model.compact(action.compactAt);
        } else if ('readFrom' in action) {
          const { partition, max } = action;
          const from = Math.min(action.readFrom, model.ends[partition] ?? 0);
          const expected = model.partitions[partition]?.filter(({ offset }) => offset >= from);
          expect(await read(log, name, new Map([[partition, from]]), max)).toEqual(expected);
        } else {
          const expected = model.partitions.map((entries, partition) => [
            partition,
            entries.find(({ timestamp }) => timestamp >= action.offsetAt)?.offset ?? model.ends[partition],
          ]);
          expect([...(await log.offsetsAt(name, action.offsetAt))]).toEqual(expected);
        }
      }
      for (const [partition, entries] of model.partitions.entries()) {
        expect(await read(log, name, new Map([[partition, 0]]), 500)).toEqual(entries);
      }
    }),
    { numRuns: 25 },
  );
  await under.destroy();
});
