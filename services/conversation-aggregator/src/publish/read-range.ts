import { isLogError, type Log, type LogRecord, type Offset } from '@parley/log';

const WAIT_MS = 1_000;

export interface Range {
  readonly partition: number;
  readonly from: Offset;
  /** Behind the last one. */
  readonly to: Offset;
  readonly signal: AbortSignal;
}

/**
 * Hands over what a partition holds in a range of offsets, in order. What it does not hold any more is left out.
 * @throws the signal's reason when aborted
 */
export async function readRange(
  log: Log,
  topic: string,
  { partition, from, to, signal }: Range,
  take: (record: LogRecord) => void | Promise<void>,
): Promise<void> {
  if (from >= to) return;
  const held = (await log.describe(topic))?.offsets.find((offsets) => offsets.partition === partition);
  const start = Math.max(from, held?.start ?? 0);
  if (start >= to) return;
  const reader = await log.reader(topic, new Map([[partition, start]]));
  try {
    for (let at = start; at < to; at = reader.positions().get(partition) ?? to) {
      const batch = await reader.next({ maxWaitMs: WAIT_MS, signal });
      signal.throwIfAborted();
      for (const record of batch?.records ?? []) if (record.offset < to) await take(record);
    }
  } catch (error) {
    // It moved on between two looks.
    if (!isLogError(error, 'OFFSET_OUT_OF_RANGE')) throw error;
  } finally {
    await reader.close();
  }
}
