import { startProcess } from '../../test/processes';
import { openForTest } from '../../test/under-test';
import type { Log, LogRecord } from '../port';

const topic = { name: 'topic', partitions: 2, cleanup: 'delete', retentionMs: null } as const;

let under: Awaited<ReturnType<typeof openForTest>>;
let log: Log;

beforeEach(async () => {
  under = await openForTest();
  log = under.log;
  await log.ensureTopics([topic]);
});
afterEach(() => under.destroy());

async function readAll(): Promise<LogRecord[]> {
  const reader = await log.reader(topic.name, 'earliest');
  const records: LogRecord[] = [];
  for (let batch = await reader.next(); batch; batch = await reader.next()) records.push(...batch.records);
  return records;
}

it('keeps every acknowledged record of writers that are killed, and lets nobody wait for their lock', async () => {
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < 4; round++) {
    const writers = await Promise.all(
      [0, 1].map((n) =>
        startProcess('writer', { place: { dir: under.dir }, topic: topic.name, name: `${round}.${n}` }),
      ),
    );
    const following = writers.map(async ({ lines }) => {
      for await (const line of lines) {
        const [partition, offset, value] = line.split(' ');
        // The last line may be cut short by the kill.
        if (value?.includes('/x') || value?.endsWith('/'))
          acknowledged.set(`${partition}/${offset}`, value.split('/x')[0] ?? '');
      }
    });
    const before = acknowledged.size;
    while (acknowledged.size < before + 200) await log.append(topic.name, [{ key: 'own', value: Buffer.from('own') }]);
    await Promise.all(writers.map(({ kill }) => kill()));
    await Promise.all(following);
    await log.append(topic.name, [{ key: 'own', value: Buffer.from('after the kill') }]);
  }
  const records = await readAll();
  const stored = new Map(records.map((r) => [`${r.partition}/${r.offset}`, r.value?.toString() ?? '']));
  for (const [place, value] of acknowledged) expect(stored.get(place)?.startsWith(value)).toBe(true);
  for (const partition of [0, 1]) {
    const offsets = records.filter((record) => record.partition === partition).map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, index) => index));
  }
});

it('wakes readers in other processes', async () => {
  await log.ensureTopics([{ ...topic, name: 'answers' }]);
  const echo = await startProcess('echo', { place: { dir: under.dir }, from: topic.name, to: 'answers' });
  expect(await echo.line()).toBe('ready');
  const reader = await log.reader('answers', 'earliest');
  for (let n = 0; n < 50; n++) {
    await log.append(topic.name, [{ key: 'a', value: Buffer.from(`${n}`) }]);
    const batch = await reader.next({ maxWaitMs: 30_000 });
    expect(batch?.records.map(({ value }) => value?.toString())).toEqual([`${n}`]);
  }
  await echo.kill();
});

it('takes over from a member that hangs, after a while', async () => {
  const stray = await under.stray({ group: 'g', topics: [topic.name] }, true);
  await log.append(topic.name, [{ key: 'a', value: Buffer.from('1') }]);
  expect(await stray.holds()).toBe(2);
  const heir = await log.consumer({ group: 'g', topics: [topic.name] });
  while (heir.assignment().get(topic.name)?.length !== 2) await heir.next({ maxWaitMs: 100 });
  await heir.close();
});
