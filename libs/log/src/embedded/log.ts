import { join } from 'node:path';
import { LogError } from '../errors';
import { partitionOf } from '../partition';
import type {
  From,
  GroupConsumer,
  GroupLag,
  GroupOptions,
  Log,
  LogReader,
  NewRecord,
  Offset,
  Position,
  TopicDescription,
  TopicSpec,
} from '../port';
import { Bell, type Warn } from './bell';
import { EmbeddedConsumer } from './consumer';
import { claimDirectory, listFinished, openOrMake } from './directory';
import { GroupStore } from './groups';
import { maintainTopic } from './maintenance';
import { EmbeddedReader } from './reader';
import { OwnSession } from './sessions';
import { checkTopic, type Placed, TopicStore } from './topic';

const TOPIC_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,248}$/;
const CHECK_KEY = Buffer.from('check');

export interface EmbeddedLogOptions {
  /** Data directory of the log; made where it is missing. Several processes of one machine may share it. */
  readonly dir: string;
  readonly logger?: Warn;
}

/**
 * Opens the log kept in a folder.
 * @throws DATA_DIR_FOREIGN  the folder holds something else, or a newer format
 * @throws DATA_DIR_TORN     a file is missing or cut off; nothing was changed
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<Log> {
  const { dir, logger } = options;
  const id = await claimDirectory(dir);
  const topicsDir = join(dir, 'topics');
  for (const topic of listFinished(topicsDir)) checkTopic(join(topicsDir, topic));
  const { environment, release } = await openOrMake(dir, 'groups');
  const groups = new GroupStore(environment, new Bell(join(dir, 'groups', 'bell'), logger));
  return new EmbeddedLog(id, topicsDir, groups, release, logger);
}

class EmbeddedLog implements Log {
  private readonly opened = new Map<string, Promise<TopicStore | undefined>>();
  private readonly readers = new Set<EmbeddedReader>();
  private readonly consumers = new Set<EmbeddedConsumer>();
  private readonly session: OwnSession;
  /** Partition that records without a key go to next, by topic. */
  private readonly sticky = new Map<string, number>();
  private closing: Promise<void> | undefined;

  constructor(
    private readonly id: string,
    private readonly topicsDir: string,
    private readonly groups: GroupStore,
    private readonly releaseGroups: () => Promise<void>,
    private readonly logger: Warn | undefined,
  ) {
    this.session = new OwnSession(groups.environment);
  }

  async identity(): Promise<string> {
    this.assertOpen();
    return this.id;
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.assertOpen();
    for (const spec of specs) {
      if (!TOPIC_NAME.test(spec.name)) throw new RangeError(`no topic name: ${JSON.stringify(spec.name)}`);
      if (!Number.isInteger(spec.partitions) || spec.partitions < 1) {
        throw new RangeError(`${spec.name}: ${spec.partitions} partitions`);
      }
      if (!(await this.find(spec.name))) await TopicStore.make(this.topicsDir, spec);
      const existing = await this.topic(spec.name);
      const differences = differencesOf(existing.spec, spec);
      if (differences.length > 0) {
        throw new LogError(
          'TOPIC_MISMATCH',
          `topic ${spec.name} exists with other settings: ${differences.join(', ')}`,
          {
            topic: spec.name,
            differences,
          },
        );
      }
    }
  }

  async describe(name: string): Promise<TopicDescription | undefined> {
    const topic = await this.find(name);
    return topic && { ...topic.spec, offsets: topic.offsets() };
  }

  async topics(): Promise<readonly string[]> {
    this.assertOpen();
    return listFinished(this.topicsDir).sort();
  }

  async append(name: string, records: readonly NewRecord[]): Promise<readonly Position[]> {
    const topic = await this.topic(name);
    if (records.length === 0) return [];
    const nowMs = Date.now();
    let sticky: number | undefined;
    const placed = records.map((record): Placed => {
      const { key, value, headers = {}, timestamp = nowMs } = record;
      const content = { key, value, headers, timestamp };
      const size = topic.sizeOf(content);
      const own = record.partition ?? (key === null ? undefined : partitionOf(key, topic.spec.partitions));
      if (own !== undefined && !(own >= 0 && own < topic.spec.partitions && Number.isInteger(own))) {
        throw new RangeError(`${name} has no partition ${own}`);
      }
      if (own === undefined) sticky ??= this.nextSticky(topic);
      return { key, value, headers, timestamp, partition: own ?? sticky ?? 0, size, offset: -1 };
    });
    return topic.append(placed);
  }

  private nextSticky(topic: TopicStore): number {
    const next = this.sticky.get(topic.spec.name) ?? 0;
    this.sticky.set(topic.spec.name, (next + 1) % topic.spec.partitions);
    return next;
  }

  async partitionFor(name: string, key: string): Promise<number> {
    return partitionOf(key, (await this.topic(name)).spec.partitions);
  }

  async reader(name: string, from: ReadonlyMap<number, From> | From): Promise<LogReader> {
    const topic = await this.topic(name);
    const wanted: ReadonlyMap<number, From> =
      from instanceof Map ? from : new Map(topic.offsets().map(({ partition }) => [partition, from as From]));
    const at = new Map([...wanted].map(([partition, place]) => [partition, resolve(topic, partition, place)]));
    const reader = new EmbeddedReader(topic, at, () => this.readers.delete(reader));
    this.readers.add(reader);
    return reader;
  }

  async offsetsAt(name: string, timestamp: number): Promise<ReadonlyMap<number, Offset>> {
    const topic = await this.topic(name);
    return new Map(topic.offsets().map(({ partition }) => [partition, topic.offsetAt(partition, timestamp)]));
  }

  async ends(name: string): Promise<ReadonlyMap<number, Offset>> {
    return new Map((await this.topic(name)).offsets().map(({ partition, end }) => [partition, end]));
  }

  async consumer(options: GroupOptions): Promise<GroupConsumer> {
    this.assertOpen();
    const consumer = await EmbeddedConsumer.join(options, {
      groups: this.groups,
      session: this.session,
      openTopic: (name) => this.topic(name),
      onClose: (closed) => this.consumers.delete(closed),
    });
    this.consumers.add(consumer);
    return consumer;
  }

  async committed(group: string, name: string): Promise<ReadonlyMap<number, Offset>> {
    await this.topic(name);
    return this.groups.committed(group).get(name) ?? new Map();
  }

  async resetOffsets(group: string, name: string, offsets: ReadonlyMap<number, Offset>): Promise<void> {
    const topic = await this.topic(name);
    const states = topic.states();
    for (const [partition, offset] of offsets) {
      const state = states[partition];
      if (!state || offset < state.start || offset > state.end) throw topic.outOfRange(partition, offset, state);
    }
    await this.groups.reset(group, name, offsets);
  }

  async lag(group: string): Promise<readonly GroupLag[]> {
    this.assertOpen();
    const lags: GroupLag[] = [];
    for (const [name, offsets] of this.groups.committed(group)) {
      const states = (await this.topic(name)).states();
      for (const [partition, offset] of offsets) {
        lags.push({ topic: name, partition, offset, lag: Math.max(0, (states[partition]?.end ?? offset) - offset) });
      }
    }
    return lags;
  }

  async maintain(nowMs: number): Promise<{ readonly removed: number }> {
    let removed = 0;
    this.assertOpen();
    this.groups.environment.clearStaleReaders();
    for (const name of await this.topics()) removed += await maintainTopic(await this.topic(name), nowMs);
    return { removed };
  }

  async check(): Promise<void> {
    this.assertOpen();
    // A commit to the disk that the topics are on: it fails where theirs would.
    await this.groups.environment.write((db) => db.put(CHECK_KEY, Buffer.from(String(process.pid))));
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await Promise.all([...this.readers, ...this.consumers].map((open) => open.close()));
    await this.session.stop();
    const topics = await Promise.all([...this.opened.values()].map((opening) => opening.catch(() => undefined)));
    await Promise.all(topics.map((topic) => topic?.close()));
    this.groups.bell.close();
    await this.releaseGroups();
  }

  private find(name: string): Promise<TopicStore | undefined> {
    if (this.closing) return Promise.reject(new LogError('LOG_CLOSED', 'the log is closed'));
    const known = this.opened.get(name);
    if (known) return known;
    if (!TOPIC_NAME.test(name)) return Promise.resolve(undefined);
    const opening = TopicStore.open(this.topicsDir, name, this.logger);
    this.opened.set(name, opening);
    // Asked again next time: it may be made meanwhile.
    const forget = () => this.opened.delete(name);
    opening.then((topic) => topic ?? forget(), forget);
    return opening;
  }

  private async topic(name: string): Promise<TopicStore> {
    const topic = await this.find(name);
    if (!topic) throw new LogError('UNKNOWN_TOPIC', `there is no topic ${name}`, { topic: name });
    return topic;
  }

  private assertOpen(): void {
    if (this.closing) throw new LogError('LOG_CLOSED', 'the log is closed');
  }
}

function resolve(topic: TopicStore, partition: number, from: From): Offset {
  if (typeof from === 'number') return from;
  if (typeof from === 'object') return topic.offsetAt(partition, from.timestamp);
  const state = topic.states()[partition];
  if (!state) throw topic.outOfRange(partition, 0, state);
  return from === 'earliest' ? state.start : state.end;
}

function differencesOf(existing: TopicSpec, wanted: TopicSpec): string[] {
  const settings = ['partitions', 'cleanup', 'retentionMs'] as const;
  return settings
    .filter((setting) => existing[setting] !== wanted[setting])
    .map((setting) => `${setting} is ${existing[setting]}, not ${wanted[setting]}`);
}
