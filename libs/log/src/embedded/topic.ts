import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogError } from '../errors';
import type { LogRecord, Offset, PartitionDescription, Position, RecordBatch, TopicSpec } from '../port';
import { Bell, type Warn } from './bell';
import { readU64, writeU64 } from './bytes';
import { type Content, decodeChunk, encodeChunk, isIntact, newestIn, runningMaxOf, sizeMax } from './chunk';
import { makeEnvironment, openChecked, writeDurably } from './directory';
import { type Database, type Environment, openEnvironment } from './environment';
import { checkEnvironmentFile, torn } from './integrity';

/** Key, headers and value together. */
const RECORD_BYTES_MAX = 16 * 2 ** 20;
/** A chunk takes records up to here: enough to spread the costs, little enough to be read for one record's sake. */
const CHUNK_BYTES = 32 * 1024;
/** Bounds how long one commit holds the writer lock. */
const COMMIT_BYTES = 8 * 2 ** 20;
/** A batch stops growing here, whatever its number of records. */
const BATCH_BYTES = 4 * 2 ** 20;
const SETTINGS = 'topic.json';

/** Key of the partitions' state; chunks' keys begin with a partition, which is smaller. */
const STATE_KEY = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const STATE_BYTES = 32;

export interface PartitionState {
  start: Offset;
  end: Offset;
  /** Newest timestamp ever appended; negative infinity before the first. */
  newest: number;
  /** Compaction has seen everything before. */
  cleaned: Offset;
}

/** A record on its way in: one object from the call to the chunk, because appends come by the million. */
export interface Placed extends Content {
  readonly partition: number;
  /** Bytes at most. */
  readonly size: number;
  /** Known once it is written. */
  offset: Offset;
}

interface Appending {
  readonly records: readonly Placed[];
  positions: readonly Position[] | undefined;
}

export interface Chunk {
  readonly base: Offset;
  readonly bytes: Buffer;
}

/** Key of a chunk: partition and the chunk's first offset, so that LMDB's order is the log's. */
export function chunkKey(partition: number, base: Offset): Buffer {
  const key = Buffer.allocUnsafeSlow(12);
  key.writeUInt32BE(partition, 0);
  writeU64(key, base, 4);
  return key;
}

export function readState(db: Database): PartitionState[] {
  const bytes = db.get(STATE_KEY) ?? Buffer.alloc(0);
  const states: PartitionState[] = [];
  for (let at = 0; at + STATE_BYTES <= bytes.length; at += STATE_BYTES) {
    states.push({
      start: readU64(bytes, at),
      end: readU64(bytes, at + 8),
      newest: bytes.readDoubleBE(at + 16),
      cleaned: readU64(bytes, at + 24),
    });
  }
  return states;
}

export function writeState(db: Database, states: readonly PartitionState[]): void {
  const bytes = Buffer.allocUnsafeSlow(states.length * STATE_BYTES);
  for (const [index, state] of states.entries()) {
    const at = index * STATE_BYTES;
    writeU64(bytes, state.start, at);
    writeU64(bytes, state.end, at + 8);
    bytes.writeDoubleBE(state.newest, at + 16);
    writeU64(bytes, state.cleaned, at + 24);
  }
  db.put(STATE_KEY, bytes);
}

/** One topic: its records in an environment of their own, and the bell that tells of new ones. */
export class TopicStore {
  private queue: Appending[] = [];
  private commit: Promise<void> | null = null;

  private constructor(
    readonly spec: TopicSpec,
    readonly environment: Environment,
    readonly bell: Bell,
    private readonly release: () => Promise<void>,
  ) {}

  /** Undefined if there is no such topic. @throws DATA_DIR_TORN, DATA_DIR_FOREIGN */
  static async open(topicsDir: string, name: string, logger?: Warn): Promise<TopicStore | undefined> {
    const folder = join(topicsDir, name);
    if (!existsSync(folder)) return undefined;
    const spec = readSettings(folder);
    const { environment, release } = await openChecked(folder);
    return new TopicStore(spec, environment, new Bell(join(folder, 'bell'), logger), release);
  }

  /** Makes the topic unless it is there. */
  static async make(topicsDir: string, spec: TopicSpec): Promise<void> {
    await makeEnvironment(topicsDir, spec.name, async (draft) => {
      const { environment, release } = await openEnvironment(draft);
      const fresh = () => ({ start: 0, end: 0, newest: Number.NEGATIVE_INFINITY, cleaned: 0 });
      await environment.write((db) => writeState(db, Array.from({ length: spec.partitions }, fresh)));
      await release();
      const { name, partitions, cleanup, retentionMs } = spec;
      await writeDurably(join(draft, SETTINGS), `${JSON.stringify({ name, partitions, cleanup, retentionMs })}\n`);
    });
  }

  /**
   * Checked before anything is queued, so that one bad record harms no other caller's commit.
   * @returns bytes that the record takes at most
   * @throws RECORD_TOO_LARGE
   */
  sizeOf(record: Content): number {
    const size = sizeMax(record);
    if (size <= RECORD_BYTES_MAX) return size;
    const headers = JSON.stringify(record.headers);
    const bytes = Buffer.byteLength(record.key ?? '') + Buffer.byteLength(headers) + (record.value?.length ?? 0);
    if (bytes <= RECORD_BYTES_MAX) return size;
    throw new LogError('RECORD_TOO_LARGE', `a record of ${bytes} bytes; the most is ${RECORD_BYTES_MAX}`, {
      topic: this.spec.name,
      bytes,
    });
  }

  /** Appends of one moment share chunks and a commit. */
  async append(records: readonly Placed[]): Promise<readonly Position[]> {
    const appending: Appending = { records, positions: undefined };
    this.queue.push(appending);
    while (!appending.positions) {
      this.commit ??= this.commitQueued();
      await this.commit;
    }
    return appending.positions;
  }

  private async commitQueued(): Promise<void> {
    let taken: Appending[] = [];
    let positions: Position[][] = [];
    try {
      await this.environment.write((db) => {
        taken = takeFrom(this.queue);
        // What comes from here on needs another commit.
        this.commit = null;
        positions = appendIn(db, taken);
      });
    } catch (error) {
      if (taken.length === 0) {
        this.queue = [];
        this.commit = null;
      }
      throw error;
    }
    for (const [index, appending] of taken.entries()) appending.positions = positions[index];
    this.bell.ring();
  }

  states(): PartitionState[] {
    return readState(this.environment.read());
  }

  offsets(): PartitionDescription[] {
    return this.states().map(({ start, end }, partition) => ({ partition, start, end }));
  }

  /**
   * The batch at an offset, or undefined at the end of the partition.
   * @throws OFFSET_OUT_OF_RANGE
   */
  read(partition: number, from: Offset, maxRecords: number): RecordBatch | undefined {
    const db = this.environment.read();
    const state = readState(db)[partition];
    if (!state || from < state.start || from > state.end) throw this.outOfRange(partition, from, state);
    if (from === state.end) return undefined;
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const chunk of this.chunks(db, partition, from)) {
      decodeChunk(chunk.bytes, { partition, base: chunk.base, from, limit: maxRecords }, records);
      bytes += chunk.bytes.length;
      const last = records.at(-1);
      if (last && (records.length >= maxRecords || bytes >= BATCH_BYTES)) {
        return { topic: this.spec.name, partition, records, next: last.offset + 1, end: state.end };
      }
    }
    return { topic: this.spec.name, partition, records, next: state.end, end: state.end };
  }

  /** Chunks that hold an offset or come after it, checksums checked. To be used up within one turn of the event loop. */
  *chunks(db: Database, partition: number, from: Offset): Generator<Chunk> {
    const start = chunkKey(partition, floorOf(db, partition, from));
    const end = chunkKey(partition + 1, 0);
    for (const { key, value } of db.getRange({ start, end })) {
      const base = readU64(Buffer.from(key), 4);
      if (!isIntact(value)) {
        throw torn(`topic ${this.spec.name}, partition ${partition}, offset ${base}`, 'fails its checksum');
      }
      yield { base, bytes: value };
    }
  }

  /** First offset whose record has the timestamp or a later one; the end if there is none. As Kafka's offsetsForTimes. */
  offsetAt(partition: number, timestamp: number): Offset {
    const db = this.environment.read();
    const state = readState(db)[partition];
    if (!state) throw this.outOfRange(partition, 0, state);
    if (timestamp > state.newest) return state.end;
    // The newest timestamp so far never falls along the log, so chunks can be searched by halves even where
    // timestamps go backwards. No chunk before the one found holds such a record.
    let low = state.start;
    let high = state.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const chunk = db.get(chunkKey(partition, floorOf(db, partition, middle)));
      if (chunk && runningMaxOf(chunk) >= timestamp) high = middle;
      else low = middle + 1;
    }
    for (const { base, bytes } of this.chunks(db, partition, low)) {
      if (newestIn(bytes) < timestamp) continue;
      const records: LogRecord[] = [];
      decodeChunk(bytes, { partition, base, from: state.start, limit: Number.POSITIVE_INFINITY }, records);
      const found = records.find((record) => record.timestamp >= timestamp);
      if (found) return found.offset;
    }
    return state.end;
  }

  outOfRange(partition: number, offset: Offset, state: PartitionState | undefined): LogError {
    const { name } = this.spec;
    const why = state ? `it holds ${state.start} to ${state.end}` : 'there is no such partition';
    return new LogError('OFFSET_OUT_OF_RANGE', `${name}, partition ${partition} has no offset ${offset}: ${why}`, {
      topic: name,
      partition,
      offset,
      start: state?.start,
      end: state?.end,
    });
  }

  async close(): Promise<void> {
    this.bell.close();
    await this.release();
  }
}

/** First offset of the chunk that holds an offset; the offset itself where none does. */
function floorOf(db: Database, partition: number, offset: Offset): Offset {
  for (const key of db.getKeys({ start: chunkKey(partition, offset), reverse: true, limit: 1 })) {
    const bytes = Buffer.from(key);
    if (bytes.readUInt32BE(0) === partition) return readU64(bytes, 4);
  }
  return offset;
}

/** Takes appends off the queue until they fill a commit. */
function takeFrom(queue: Appending[]): Appending[] {
  let bytes = 0;
  let count = 0;
  while (count < queue.length && bytes < COMMIT_BYTES) {
    for (const record of queue[count]?.records ?? []) bytes += record.size;
    count++;
  }
  return queue.splice(0, count);
}

function appendIn(db: Database, appends: readonly Appending[]): Position[][] {
  const states = readState(db);
  const byPartition = states.map((): Placed[] => []);
  const place = (record: Placed): Position => {
    const list = byPartition[record.partition];
    const end = states[record.partition]?.end;
    if (!list || end === undefined) throw new RangeError(`no partition ${record.partition}`);
    record.offset = end + list.length;
    list.push(record);
    return { partition: record.partition, offset: record.offset };
  };
  const positions = appends.map(({ records }) => records.map(place));
  for (const [partition, state] of states.entries()) {
    for (const group of chunked(byPartition[partition] ?? [])) {
      const { bytes, runningMax } = encodeChunk(group, { base: state.end, runningMaxBefore: state.newest });
      db.put(chunkKey(partition, state.end), bytes);
      state.newest = runningMax;
      state.end += group.length;
    }
  }
  writeState(db, states);
  return positions;
}

function* chunked(records: readonly Placed[]): Generator<readonly Placed[]> {
  let begin = 0;
  let bytes = 0;
  for (const [index, { size }] of records.entries()) {
    if (index > begin && bytes + size > CHUNK_BYTES) {
      yield records.slice(begin, index);
      begin = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (begin < records.length) yield records.slice(begin);
}

/** Tells whether a topic's folder is whole. @throws DATA_DIR_TORN, DATA_DIR_FOREIGN */
export function checkTopic(folder: string): void {
  readSettings(folder);
  checkEnvironmentFile(folder);
}

function readSettings(folder: string): TopicSpec {
  const path = join(folder, SETTINGS);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TopicSpec;
  } catch (error) {
    throw torn(path, `cannot be read (${(error as Error).message})`);
  }
}
