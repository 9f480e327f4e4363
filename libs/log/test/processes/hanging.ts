// A member of a group that takes a batch, prints its values and hangs until it gets a line. It then commits at once,
// prints what came of that, and goes on: prints the values of each batch and commits it.
import { readSync } from 'node:fs';
import { isLogError } from '../../src/errors';
import type { GroupBatch, GroupOptions } from '../../src/port';
import { type LogPlace, openLogAt } from '../open-log';

const { place, options } = JSON.parse(process.argv[2] ?? '{}') as { place: LogPlace; options: GroupOptions };

const print = (batch: GroupBatch | undefined) =>
  console.log(batch?.records.map(({ value }) => value?.toString()).join(' '));

const commit = (batch: GroupBatch | undefined) =>
  batch?.commit().then(
    () => 'committed',
    (error: unknown) => (isLogError(error) ? error.code : String(error)),
  );

async function main(): Promise<void> {
  const log = await openLogAt(place);
  const consumer = await log.consumer(options);
  const lost = await consumer.next({ maxWaitMs: 10_000 });
  print(lost);
  // The event loop stands still; nothing of this process runs between its waking up and the commit.
  readSync(0, Buffer.alloc(100));
  console.log(await commit(lost));
  for (;;) {
    const batch = await consumer.next({ maxWaitMs: 60_000 });
    print(batch);
    await commit(batch);
  }
}

void main();
