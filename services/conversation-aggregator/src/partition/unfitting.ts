import { topics } from '@parley/contracts';
import type { From, Log, LogRecord } from '@parley/log';
import type { Mark } from '../store/layer';
import type { Generation } from './generation';

const WAIT_MS = 1_000;

export interface Unfitting {
  readonly partition: number;
  readonly reason: string;
}

/**
 * Partitions whose states are not of this log: their position is outside of it, or a record that was applied is not
 * what the log has in its place. The latter is so after the topic was made anew, or where the states were made from
 * another log whose offsets are alike.
 */
export async function unfittingPartitions(
  log: Log,
  generation: Generation,
  signal: AbortSignal,
): Promise<readonly Unfitting[]> {
  const topic = await log.describe(topics.conversationEvents.name);
  const unfitting: Unfitting[] = [];
  const marks = new Map<number, Mark>();
  for (const { partition, start, end } of topic?.offsets ?? []) {
    const state = generation.partition(partition);
    const position = state?.position;
    if (position === undefined) continue;
    const mark = state?.marked;
    if (position < start || position > end) {
      unfitting.push({
        partition,
        reason: `position ${position} is outside of the log, which holds ${start} to ${end}`,
      });
    } else if (mark && mark.offset >= start && mark.offset < end) marks.set(partition, mark);
  }
  for (const [partition, record] of await firstRecords(log, marks, signal)) {
    const mark = marks.get(partition);
    if (!mark || record.offset !== mark.offset) continue;
    if (record.key === mark.key && record.timestamp === mark.timestamp) continue;
    const reason = `the record at ${mark.offset} is not the one that was applied: the states are of another log`;
    unfitting.push({ partition, reason });
  }
  return unfitting;
}

/** The first record at or behind each place. */
async function firstRecords(
  log: Log,
  places: ReadonlyMap<number, Mark>,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, LogRecord>> {
  const found = new Map<number, LogRecord>();
  if (places.size === 0) return found;
  const from = new Map<number, From>([...places].map(([partition, { offset }]) => [partition, offset]));
  const reader = await log.reader(topics.conversationEvents.name, from);
  try {
    while (found.size < places.size && !signal.aborted) {
      const batch = await reader.next({ maxRecords: 1, maxWaitMs: WAIT_MS, signal });
      const [record] = batch?.records ?? [];
      if (record && !found.has(record.partition)) found.set(record.partition, record);
      // Nothing is left behind some place: what cannot be compared is not refused for that.
      if (!batch) break;
    }
  } finally {
    await reader.close();
  }
  return found;
}
