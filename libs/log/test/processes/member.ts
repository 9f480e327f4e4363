// A member of a group that holds what it was given and never commits. Prints how many partitions that is; if told to,
// it then hangs: its event loop stands still.
import type { GroupOptions } from '../../src/port';
import { type LogPlace, openLogAt } from '../open-log';

const { place, options, hang } = JSON.parse(process.argv[2] ?? '{}') as {
  place: LogPlace;
  options: GroupOptions;
  hang: boolean;
};

async function main(): Promise<void> {
  const log = await openLogAt(place);
  const consumer = await log.consumer(options);
  await consumer.next({ maxWaitMs: 10_000 });
  console.log([...consumer.assignment().values()].flat().length);
  if (hang) setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 0);
  for (;;) await consumer.next({ maxWaitMs: 60_000 });
}

void main();
