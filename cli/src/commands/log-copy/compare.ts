import type { Headers, LogRecord, Offset, TopicSpec } from '@parley/log';
import { CommandError } from '../command';
import type { Cursor } from '../log/stream';
import { sameContent, schemaIdOf } from './frame';
import type { OffsetMap } from './offset-map';
import type { SchemaTwins } from './schema-ids';

export interface Comparison {
  readonly spec: TopicSpec;
  readonly source: Cursor;
  readonly target: Cursor;
  readonly twins: SchemaTwins;
  /** Told where each record went. */
  readonly offsets: OffsetMap;
  /** The target may end before the source does: a copy that was cut off. */
  readonly mayBeCutOff: boolean;
  readonly nowMs: number;
}

export interface Compared {
  /** Records that both have. */
  readonly records: number;
  /** First offset of the source that the target lacks; undefined if it has all. */
  readonly missing: Offset | undefined;
}

/**
 * Goes through both sides of a partition record by record: the target has the source's records, in their order, with
 * their keys, headers, times and contents, and no others. Only what the target's own upkeep removes may be missing: on
 * a compacted topic a record that a later one of its key replaces, on one with a retention what has expired at its start.
 * @throws CommandError naming the first record that differs
 */
export async function comparePartition(comparison: Comparison): Promise<Compared> {
  const { spec, source, target, offsets, mayBeCutOff } = comparison;
  /** Keys of records that were found missing and whose successor has not been seen yet, with the record's offset. */
  const unreplaced = new Map<string | null, Offset>();
  let records = 0;
  for (let theirs = target.record; theirs; theirs = target.record) {
    for (;;) {
      const ours = source.record;
      if (!ours)
        throw differs(spec, theirs.partition, `the record at ${theirs.offset} of the target is not in the source`);
      await source.advance();
      const same = sameRecord(ours, theirs, comparison.twins);
      if (same === true || (same !== false && (await same))) {
        offsets.pair(ours.offset, theirs.offset);
        unreplaced.delete(ours.key);
        break;
      }
      if (!mayBeGone(ours, comparison, records)) {
        throw differs(
          spec,
          ours.partition,
          `the record at ${ours.offset} is not the one at ${theirs.offset} of the target`,
        );
      }
      if (spec.cleanup !== 'compact') continue;
      // Gone for good where a tombstone is: then what it removed must have gone before it.
      if (ours.value === null) unreplaced.delete(ours.key);
      else unreplaced.set(ours.key, ours.offset);
    }
    records += 1;
    await target.advance();
  }
  const missing = await firstMissing(comparison, records);
  if (missing === undefined || !mayBeCutOff) {
    const [offset] = [...unreplaced.values(), missing?.offset].filter((lost) => lost !== undefined);
    if (offset !== undefined) throw differs(spec, missing?.partition, `the target lacks the record at ${offset}`);
  }
  return { records, missing: missing?.offset };
}

/** What is left of the source, but for what may have gone. */
async function firstMissing(comparison: Comparison, matched: number): Promise<LogRecord | undefined> {
  const { source, spec, mayBeCutOff } = comparison;
  for (let ours = source.record; ours; ours = source.record) {
    // The newest record of a partition is never compacted away, so nothing at the end is.
    if (mayBeCutOff || spec.cleanup === 'compact' || !mayBeGone(ours, comparison, matched)) return ours;
    await source.advance();
  }
  return undefined;
}

function mayBeGone({ key, timestamp }: LogRecord, { spec, nowMs }: Comparison, matched: number): boolean {
  if (spec.cleanup === 'compact') return key !== null;
  return matched === 0 && spec.retentionMs !== null && timestamp < nowMs - spec.retentionMs;
}

function sameRecord(ours: LogRecord, theirs: LogRecord, twins: SchemaTwins): boolean | Promise<boolean> {
  if (ours.key !== theirs.key || ours.timestamp !== theirs.timestamp) return false;
  if (!sameHeaders(ours.headers, theirs.headers)) return false;
  if (ours.value === null || theirs.value === null) return ours.value === theirs.value;
  const [ourId, theirId] = [schemaIdOf(ours.value), schemaIdOf(theirs.value)];
  if (ourId === undefined || theirId === undefined) return ours.value.equals(theirs.value);
  return sameContent(ours.value, theirs.value) && twins.same(ourId, theirId);
}

function sameHeaders(a: Headers, b: Headers): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function differs({ name }: TopicSpec, partition: number | undefined, how: string): CommandError {
  return new CommandError(`${name}, partition ${partition}: the target is no copy of the source: ${how}`);
}
