import { setTimeout as delay } from 'node:timers/promises';
import { isLogError, type Log, type LogRecord, type Offset, type RecordBatch } from '@parley/log';

const BATCH_RECORDS = 2_000;
const WAIT_MS = 1_000;
const RETRY_MS = 200;
/** How long a log may be away in the middle of the reading. */
const PATIENCE_MS = 60_000;

/** Records of one partition: from an offset on, up to but without another. */
export interface Range {
  readonly topic: string;
  readonly partition: number;
  readonly from: Offset;
  readonly to: Offset;
}

/** Reads a range, a batch at a time. @throws LOG_UNAVAILABLE after a minute without an answer, OFFSET_OUT_OF_RANGE */
export async function* batchesOf(
  log: Log,
  { topic, partition, from, to }: Range,
): AsyncGenerator<readonly LogRecord[]> {
  if (from >= to) return;
  const reader = await log.reader(topic, new Map([[partition, from]]));
  let heardAt = performance.now();
  const next = async (): Promise<RecordBatch | undefined> => {
    try {
      const batch = await reader.next({ maxRecords: BATCH_RECORDS, maxWaitMs: WAIT_MS });
      heardAt = performance.now();
      return batch;
    } catch (error) {
      if (!isLogError(error) || !error.retryable || performance.now() - heardAt > PATIENCE_MS) throw error;
      await delay(RETRY_MS);
      return undefined;
    }
  };
  try {
    for (let position = from; position < to; ) {
      const batch = await next();
      if (!batch) continue;
      position = batch.next;
      const last = batch.records.at(-1);
      if (last) yield last.offset < to ? batch.records : batch.records.filter(({ offset }) => offset < to);
    }
  } finally {
    await reader.close();
  }
}

/** One record after the other of a range, with a look at the next. */
export class Cursor {
  private batch: readonly LogRecord[] = [];
  private at = 0;

  private constructor(private readonly batches: AsyncGenerator<readonly LogRecord[]>) {}

  static async open(log: Log, range: Range): Promise<Cursor> {
    const cursor = new Cursor(batchesOf(log, range));
    await cursor.fill();
    return cursor;
  }

  /** Undefined behind the last. */
  get record(): LogRecord | undefined {
    return this.batch[this.at];
  }

  /** A promise only where the next record is not at hand yet. */
  advance(): Promise<void> | undefined {
    this.at += 1;
    return this.at < this.batch.length ? undefined : this.fill();
  }

  async close(): Promise<void> {
    await this.batches.return(undefined);
  }

  private async fill(): Promise<void> {
    this.at = 0;
    do {
      const { value, done } = await this.batches.next();
      this.batch = done ? [] : value;
      if (done) return;
    } while (this.batch.length === 0);
  }
}
