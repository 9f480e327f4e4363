import type { Log, LogRecord } from '@parley/log';

const MAX_WAIT_MS = 1_000;

/** Reads a topic from its beginning to the end that it has now. */
export async function readToEnd(log: Log, topic: string, each: (record: LogRecord) => void): Promise<void> {
  const ends = await log.ends(topic);
  const reader = await log.reader(topic, 'earliest');
  const isRead = () => [...ends].every(([partition, end]) => (reader.positions().get(partition) ?? 0) >= end);
  while (!isRead()) {
    const batch = await reader.next({ maxRecords: 5_000, maxWaitMs: MAX_WAIT_MS });
    for (const record of batch?.records ?? []) each(record);
  }
  await reader.close();
}
