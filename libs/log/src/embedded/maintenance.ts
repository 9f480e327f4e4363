import type { LogRecord, Offset } from '../port';
import { countOf, decodeChunk, encodeChunk, newestIn, runningMaxOf } from './chunk';
import { type Chunk, chunkKey, readState, type TopicStore, writeState } from './topic';

/** How long a tombstone stays, so that readers who are behind learn of it. As Kafka's delete.retention.ms. */
const TOMBSTONE_MS = 24 * 60 * 60 * 1000;
/** Bytes looked at before other work of the process goes on, and at most rewritten in one commit. */
const SLICE_BYTES = 2 * 2 ** 20;

interface Idle {
  readonly end: Offset;
  readonly untilMs: number;
}

/** What this process's last pass left to do, by partition: an idle topic is not read over and over. */
const idleUntil = new WeakMap<TopicStore, Map<number, Idle>>();

/** One pass over a topic, in slices. @returns how many records went */
export async function maintainTopic(topic: TopicStore, nowMs: number): Promise<number> {
  topic.environment.clearStaleReaders();
  let removed = 0;
  for (let partition = 0; partition < topic.spec.partitions; partition++) {
    if (topic.spec.cleanup === 'compact') removed += await compact(topic, partition, nowMs);
    else if (topic.spec.retentionMs !== null) removed += await expire(topic, partition, nowMs - topic.spec.retentionMs);
  }
  return removed;
}

/** Removes whole chunks from the partition's start while all in them is older than the time. */
async function expire(topic: TopicStore, partition: number, before: number): Promise<number> {
  let removed = 0;
  for (let more = true; more; ) {
    more = await topic.environment.write((db) => {
      const states = readState(db);
      const state = states[partition];
      if (!state) return false;
      let bytes = 0;
      let start: Offset = state.end;
      const gone: Offset[] = [];
      for (const chunk of topic.chunks(db, partition, state.start)) {
        if (newestIn(chunk.bytes) >= before || bytes >= SLICE_BYTES) {
          start = chunk.base;
          break;
        }
        gone.push(chunk.base);
        removed += countOf(chunk.bytes);
        bytes += chunk.bytes.length;
      }
      for (const base of gone) db.remove(chunkKey(partition, base));
      if (start === state.start) return false;
      state.start = start;
      writeState(db, states);
      return bytes >= SLICE_BYTES;
    });
  }
  return removed;
}

async function compact(topic: TopicStore, partition: number, nowMs: number): Promise<number> {
  const { start, end, cleaned } = topic.states()[partition] ?? { start: 0, end: 0, cleaned: 0 };
  // Nothing came since the last pass of this process, and none of the tombstones it left is due.
  const known = idleUntil.get(topic)?.get(partition);
  if (cleaned === end && known?.end === end && nowMs <= known.untilMs) return 0;
  let untilMs = Number.POSITIVE_INFINITY;
  const newest = new Map<string, Offset>();
  for await (const { records } of slices(topic, partition, { from: Math.max(start, cleaned), to: end })) {
    for (const { key, offset } of records) if (key !== null) newest.set(key, offset);
  }
  let removed = 0;
  for await (const { chunks } of slices(topic, partition, { from: start, to: end })) {
    const rewritten = chunks.flatMap((chunk) => {
      const records = recordsOf(partition, chunk);
      const kept = records.filter((record) => isKept(record, newest, nowMs));
      for (const { value, timestamp } of kept) {
        if (value === null) untilMs = Math.min(untilMs, timestamp + TOMBSTONE_MS - 1);
      }
      return kept.length < records.length ? [{ chunk, records, kept }] : [];
    });
    if (rewritten.length === 0) continue;
    removed += await topic.environment.write((db) => {
      let count = 0;
      for (const seen of rewritten) {
        const { base, bytes } = seen.chunk;
        const key = chunkKey(partition, base);
        const now = db.get(key);
        if (!now) continue;
        // Another process may be at the same work and have rewritten the chunk meanwhile, maybe knowing of fewer
        // records. Never skipped: a value that outlives its tombstone would come back.
        const same = now.equals(bytes);
        const records = same ? seen.records : recordsOf(partition, { base, bytes: now });
        const kept = same ? seen.kept : records.filter((record) => isKept(record, newest, nowMs));
        if (kept.length === 0) db.remove(key);
        else db.put(key, encodeChunk(kept, { base, runningMaxBefore: runningMaxOf(now) }).bytes);
        count += records.length - kept.length;
      }
      return count;
    });
  }
  if (end > cleaned) {
    await topic.environment.write((db) => {
      const states = readState(db);
      const state = states[partition];
      if (!state) return;
      state.cleaned = Math.max(state.cleaned, end);
      writeState(db, states);
    });
  }
  const partitions = idleUntil.get(topic) ?? new Map<number, Idle>();
  idleUntil.set(topic, partitions.set(partition, { end, untilMs }));
  return removed;
}

function isKept(record: LogRecord, newest: ReadonlyMap<string, Offset>, nowMs: number): boolean {
  if (record.key === null) return true;
  if ((newest.get(record.key) ?? record.offset) > record.offset) return false;
  return record.value !== null || record.timestamp + TOMBSTONE_MS > nowMs;
}

function recordsOf(partition: number, { base, bytes }: Chunk): LogRecord[] {
  const records: LogRecord[] = [];
  decodeChunk(bytes, { partition, base, from: 0, limit: Number.POSITIVE_INFINITY }, records);
  return records;
}

/** The partition's chunks a slice at a time; other work of the process goes on in between. */
async function* slices(
  topic: TopicStore,
  partition: number,
  { from, to }: { readonly from: Offset; readonly to: Offset },
): AsyncGenerator<{ readonly chunks: readonly Chunk[]; readonly records: readonly LogRecord[] }> {
  for (let next = from; next < to; ) {
    const chunks: Chunk[] = [];
    let bytes = 0;
    let begin = to;
    for (const chunk of topic.chunks(topic.environment.read(), partition, next)) {
      if (chunk.base >= to || bytes >= SLICE_BYTES) {
        begin = Math.min(chunk.base, to);
        break;
      }
      chunks.push(chunk);
      bytes += chunk.bytes.length;
    }
    next = begin;
    yield { chunks, records: chunks.flatMap((chunk) => recordsOf(partition, chunk)) };
    await new Promise((resolve) => setImmediate(resolve));
  }
}
