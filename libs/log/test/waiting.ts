import { isLogError } from '../src/errors';
import type { Log, LogRecord } from '../src/port';

/** How long a test waits for what comes true by itself before it calls it false. */
export const PATIENCE_MS = 60_000;
const LOOK_MS = 20;

/** Looks again until it is so; what is not available yet may be. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      if (await condition()) return;
      if (Date.now() > deadline) throw new Error('the condition did not come true');
    } catch (error) {
      if (!isLogError(error, 'LOG_UNAVAILABLE') || Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** All records of a topic, to the ends it has now. */
export async function readAll(log: Log, topic: string): Promise<LogRecord[]> {
  const [reader, ends] = [await log.reader(topic, 'earliest'), await log.ends(topic)];
  const records: LogRecord[] = [];
  while ([...reader.positions()].some(([partition, offset]) => offset < (ends.get(partition) ?? 0))) {
    records.push(...((await reader.next({ maxWaitMs: PATIENCE_MS }))?.records ?? []));
  }
  await reader.close();
  return records;
}
