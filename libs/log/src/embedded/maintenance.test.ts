import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from './log';
import { maintainTopic } from './maintenance';
import { TopicStore } from './topic';

const DAY_MS = 24 * 60 * 60 * 1000;
const name = 'some.topic';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Holds the pass's first write back, as another process's commit would. @returns lets it go on, and waits for its end */
async function holdUp(topic: TopicStore, nowMs: number): Promise<() => Promise<number>> {
  const { environment } = topic;
  const write = environment.write.bind(environment);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let pass: Promise<number> | undefined;
  await new Promise<void>((reached) => {
    jest.spyOn(environment, 'write').mockImplementationOnce(async (work) => {
      reached();
      await released;
      return write(work);
    });
    pass = maintainTopic(topic, nowMs);
  });
  return async () => {
    release();
    return (await pass) ?? 0;
  };
}

it('removes what a tombstone is for, though another pass that knew nothing of it rewrote the chunk', async () => {
  const log = await openEmbeddedLog({ dir });
  await log.ensureTopics([{ name, partitions: 1, cleanup: 'compact', retentionMs: null }]);
  const nowMs = Date.now();
  await log.append(name, [
    { key: 'row', value: Buffer.from('deleted below') },
    { key: 'other', value: Buffer.from('1') },
  ]);
  await log.append(name, [{ key: 'other', value: Buffer.from('2') }]);
  const topic = await TopicStore.open(join(dir, 'topics'), name);
  if (!topic) throw new Error('the topic is not where it is expected');

  const earlier = await holdUp(topic, nowMs);
  await log.append(name, [{ key: 'row', value: null, timestamp: nowMs - 2 * DAY_MS }]);
  const later = await holdUp(topic, nowMs);
  expect(await earlier()).toBe(1);
  expect(await later()).toBe(2);

  const reader = await log.reader(name, 'earliest');
  const batch = await reader.next();
  expect(batch?.records.map(({ key, value }) => [key, value?.toString()])).toEqual([['other', '2']]);
  await topic.close();
  await log.close();
});
