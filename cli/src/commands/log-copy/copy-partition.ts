import type { Log, LogRecord, NewRecord } from '@parley/log';
import { batchesOf, type Range } from '../log/stream';
import type { OffsetMap } from './offset-map';
import type { SchemaIds } from './schema-ids';

/** Bytes of one append, or one record: little enough for one batch of a broker, enough for a disk to be busy. */
const APPEND_BYTES = 512 * 1024;

export interface PartitionCopy {
  readonly source: Log;
  readonly target: Log;
  readonly range: Range;
  readonly schemas: SchemaIds;
  readonly offsets: OffsetMap;
  readonly onCopied: (records: number, bytes: number) => void;
}

/**
 * Copies a range to the same partition of the target. One append is on its way at a time, so that whatever cuts the
 * copy off, the target has a beginning of the source and no gaps; the next records are read meanwhile.
 */
export async function copyPartition(copy: PartitionCopy): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const batch of batchesOf(copy.source, copy.range)) {
      for (const piece of pieces(batch)) {
        await writing;
        writing = write(copy, piece);
        // Heard of by whoever waits for it next, which may be a while after it failed.
        writing.catch(() => undefined);
      }
    }
  } finally {
    await writing;
  }
}

async function write({ target, range, schemas, offsets, onCopied }: PartitionCopy, records: readonly LogRecord[]) {
  const copies = records.map(
    ({ key, value, headers, timestamp, partition }): NewRecord => ({
      key,
      value: schemas.reframe(value),
      headers,
      timestamp,
      partition,
    }),
  );
  const positions = await target.append(range.topic, copies);
  for (const [index, { offset }] of positions.entries()) offsets.pair(records[index]?.offset ?? offset, offset);
  onCopied(
    records.length,
    records.reduce((sum, record) => sum + bytesOf(record), 0),
  );
}

function* pieces(batch: readonly LogRecord[]): Generator<readonly LogRecord[]> {
  let begin = 0;
  let bytes = 0;
  for (const [index, record] of batch.entries()) {
    const size = bytesOf(record);
    if (index > begin && bytes + size > APPEND_BYTES) {
      yield batch.slice(begin, index);
      begin = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (begin < batch.length) yield batch.slice(begin);
}

function bytesOf({ key, value }: LogRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
