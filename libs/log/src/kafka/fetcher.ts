import type { Logger } from 'pino';
import { isLogError, LogError } from '../errors';
import type { Offset, RecordBatch } from '../port';
import { backoffMs } from './backoff';
import type { Cluster } from './cluster';
import type { Connection } from './connection';
import { BrokerError, isBrokerError, isRefusal, refused, unavailable } from './errors';
import { type FetchedPartition, type FetchPlace, fetchRequest } from './fetch-request';
import { listOffsets } from './offsets';
import { PartitionStream } from './partition-stream';
import { RecordSet } from './record-batch';
import { isTiered } from './tiered';

const MIB = 2 ** 20;
/** Memory for what was fetched and is to be fetched, of all partitions. A single larger batch goes beyond it. */
const HELD_MAX_BYTES = 8 * MIB;
const ANSWER_MAX_BYTES = 4 * MIB;
const PARTITION_MAX_BYTES = MIB;
/** How long a broker waits for new records of partitions that are read to the end. */
const LONG_POLL_MS = 500;
/** Beyond the broker's waiting. */
const ANSWER_TIMEOUT_MS = 5000;
/** Fetches of one node that wait for new records; one more is for partitions that have some. */
const LONG_POLLS_MAX = 2;
/** So long nothing is said of a failure: leaders move within a second. */
const TELL_AFTER_MS = 5000;
/** How many empty answers make a gap, and how long between two. */
const GAP_ANSWERS = 3;
const EMPTY_RETRY_MS = 50;

/** Fetches of one node. A broker answers the requests of a connection one by one: each under way has its own. */
interface Lanes {
  bulk: boolean;
  longPolls: number;
  readonly idle: Connection[];
}

export interface FetcherParts {
  readonly cluster: Cluster;
  readonly logger: Logger;
  /** Called when there may be something to take, or something to tell. */
  readonly onChange: () => void;
}

/**
 * Reads partitions ahead, a bounded amount, from whichever brokers lead them. Partitions that have records are fetched
 * without waiting, beside long polls for those that are read to the end: neither delays the other.
 */
export class Fetcher {
  private readonly streams = new Set<PartitionStream>();
  private readonly lanes = new Map<number, Lanes>();
  private readonly connections = new Set<Connection>();
  private readonly locating = new Set<string>();
  private order: PartitionStream[] = [];
  private turns = 0;
  /** Bytes that answers under way may have. */
  private reserved = 0;
  private toldAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private pumpSoon = false;
  private closed = false;

  constructor(private readonly parts: FetcherParts) {}

  add(topic: string, partition: number, offset: Offset): PartitionStream {
    const stream = new PartitionStream(topic, partition, offset);
    this.streams.add(stream);
    this.order.push(stream);
    this.pump();
    return stream;
  }

  /** What was fetched of it is dropped. */
  remove(stream: PartitionStream): void {
    this.streams.delete(stream);
    this.order = this.order.filter((other) => other !== stream);
  }

  /**
   * What is at hand of the partition whose turn it is.
   * @throws OFFSET_OUT_OF_RANGE, RECORD_UNREADABLE  again and again
   */
  take(max: number): { readonly stream: PartitionStream; readonly batch: RecordBatch } | undefined {
    for (const [index, stream] of this.order.entries()) {
      const batch = stream.take(max);
      if (!batch) continue;
      this.pump();
      this.order = [...this.order.slice(index + 1), ...this.order.slice(0, index + 1)];
      return { stream, batch };
    }
    return undefined;
  }

  /** What keeps a partition from being read for a while already; told once in a while. */
  failure(): LogError | undefined {
    const now = performance.now();
    for (const { topic, partition, failingSince, lastError } of this.streams) {
      if (failingSince === undefined || now - Math.max(failingSince, this.toldAt) < TELL_AFTER_MS) continue;
      this.toldAt = now;
      if (isLogError(lastError) && !lastError.retryable) return lastError;
      const what = `${topic}, partition ${partition} can't be read`;
      return (isRefusal(lastError) ? refused : unavailable)(what, lastError, { topic, partition });
    }
    return undefined;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const connection of this.connections) connection.close();
    this.streams.clear();
    this.order = [];
  }

  /** Sends all fetches that can be sent; soon, so that what changes in one go leads to one fetch. */
  private pump(): void {
    if (this.pumpSoon) return;
    this.pumpSoon = true;
    queueMicrotask(() => {
      this.pumpSoon = false;
      if (!this.closed) this.fetchAll();
    });
  }

  private fetchAll(): void {
    const now = performance.now();
    let wakeAt = Number.POSITIVE_INFINITY;
    const waiting = [...this.streams].filter((stream) => stream.mayBeFetched);
    const byNode = new Map<number, PartitionStream[]>();
    for (const stream of waiting.sort((a, b) => a.servedAt - b.servedAt)) {
      if (stream.bytesAhead > PARTITION_MAX_BYTES) continue;
      if (stream.retryAt > now) {
        wakeAt = Math.min(wakeAt, stream.retryAt);
        continue;
      }
      const node = this.leaderOf(stream);
      if (node === undefined) continue;
      const others = byNode.get(node);
      if (others) others.push(stream);
      else byNode.set(node, [stream]);
    }
    for (const [node, streams] of byNode) this.fetchFrom(node, streams);
    clearTimeout(this.timer);
    if (wakeAt < Number.POSITIVE_INFINITY) this.timer = setTimeout(() => this.pump(), Math.ceil(wakeAt - now));
  }

  private fetchFrom(node: number, streams: readonly PartitionStream[]): void {
    const lanes = this.lanes.get(node) ?? { bulk: false, longPolls: 0, idle: [] };
    this.lanes.set(node, lanes);
    const behind = streams.filter((stream) => !stream.isCaughtUp);
    if (behind.length > 0 && !lanes.bulk) {
      const maxBytes = this.reserve(ANSWER_MAX_BYTES);
      if (maxBytes > 0) void this.fetch(node, lanes, behind, { maxBytes, maxWaitMs: 0 });
    }
    const caughtUp = streams.filter((stream) => stream.isCaughtUp);
    if (caughtUp.length > 0 && lanes.longPolls < LONG_POLLS_MAX) {
      const maxBytes = this.reserve(PARTITION_MAX_BYTES);
      if (maxBytes > 0) void this.fetch(node, lanes, caughtUp, { maxBytes, maxWaitMs: LONG_POLL_MS });
    }
  }

  /** @returns as much of it as there is room for; 0 if that is not worth a fetch */
  private reserve(bytes: number): number {
    let held = this.reserved;
    for (const stream of this.streams) held += stream.bytesHeld;
    const room = Math.min(bytes, HELD_MAX_BYTES - held);
    return room < PARTITION_MAX_BYTES ? 0 : room;
  }

  /** Never rejects. */
  private async fetch(
    node: number,
    lanes: Lanes,
    streams: readonly PartitionStream[],
    { maxBytes, maxWaitMs }: { maxBytes: number; maxWaitMs: number },
  ): Promise<void> {
    const startedAt = performance.now();
    const isLongPoll = maxWaitMs > 0;
    if (isLongPoll) lanes.longPolls++;
    else lanes.bulk = true;
    this.reserved += maxBytes;
    for (const stream of streams) stream.isInFlight = true;
    let connection: Connection | undefined;
    try {
      connection = await this.connection(node, lanes);
      const request = fetchRequest(this.placesOf(streams), {
        maxWaitMs,
        maxBytes,
        partitionMaxBytes: PARTITION_MAX_BYTES,
      });
      const answer = await connection.send(request, { timeoutMs: maxWaitMs + ANSWER_TIMEOUT_MS });
      this.receive(streams, answer);
    } catch (error) {
      for (const stream of streams) this.failed(stream, error, startedAt);
    }
    if (connection?.alive) lanes.idle.push(connection);
    if (isLongPoll) lanes.longPolls--;
    else lanes.bulk = false;
    this.reserved -= maxBytes;
    for (const stream of streams) stream.isInFlight = false;
    this.pump();
    this.parts.onChange();
  }

  private placesOf(streams: readonly PartitionStream[]): FetchPlace[] {
    const { prefix } = this.parts.cluster;
    return streams.map(({ topic, partition, fetchOffset }) => ({
      topic: prefix + topic,
      partition,
      offset: fetchOffset,
    }));
  }

  private async connection(node: number, lanes: Lanes): Promise<Connection> {
    for (let idle = lanes.idle.pop(); idle; idle = lanes.idle.pop()) if (idle.alive) return idle;
    for (const connection of this.connections) if (!connection.alive) this.connections.delete(connection);
    const connection = await this.parts.cluster.dedicated(node);
    this.connections.add(connection);
    if (this.closed) connection.close();
    return connection;
  }

  private receive(streams: readonly PartitionStream[], answer: readonly FetchedPartition[]): void {
    const { prefix } = this.parts.cluster;
    for (const [index, stream] of streams.entries()) {
      if (!this.streams.has(stream)) continue;
      const found = answer.find((one) => one.partition === stream.partition && one.topic === prefix + stream.topic);
      // A broker that holds a client back answers nothing of any partition.
      if (!found) stream.retryAt = performance.now() + EMPTY_RETRY_MS;
      else if (found.code !== 0) this.refused(stream, new BrokerError(found.code));
      else this.answered(stream, found, index === 0);
    }
  }

  /** @param isFirst  it was the first of its request: a batch of it would have come whatever its size */
  private answered(stream: PartitionStream, found: FetchedPartition, isFirst: boolean): void {
    stream.end = found.end;
    const set = new RecordSet(stream, found.records, stream.fetchOffset, found.aborted);
    if (set.bytes > 0) {
      stream.push(set);
      stream.servedAt = ++this.turns;
    } else if (isFirst) {
      stream.servedAt = ++this.turns;
    }
    if (set.bytes > 0 || stream.isCaughtUp) stream.succeeded();
    else if (isFirst) this.empty(stream, found.end);
  }

  /**
   * Nothing from here to the end, though the broker says that the end is further on: compaction took all records and
   * left no batch. A broker that merely has not got them at hand would answer the same.
   */
  private empty(stream: PartitionStream, end: Offset): void {
    stream.retryAt = performance.now() + EMPTY_RETRY_MS;
    if (++stream.emptyAnswers < GAP_ANSWERS) return;
    const { cluster, logger } = this.parts;
    const { topic, partition, fetchOffset } = stream;
    void this.look(stream, async () => {
      if (await isTiered(cluster, cluster.prefix + topic)) {
        throw unavailable('the brokers do not give what is kept in remote storage', undefined, { topic, partition });
      }
      logger.debug({ topic, partition, from: fetchOffset, to: end }, 'no records are left up to the end');
      stream.passGap(end);
    });
  }

  private refused(stream: PartitionStream, error: BrokerError): void {
    this.failed(stream, error, performance.now());
    // A leader that was elected a moment ago may not have it yet: the first time, it is asked again.
    if (!isBrokerError(error, 'OFFSET_OUT_OF_RANGE') || stream.failures < 2) return;
    const { topic, partition, fetchOffset: offset } = stream;
    const { cluster } = this.parts;
    void this.look(stream, async () => {
      const at = async (place: 'start' | 'end') =>
        (await listOffsets(cluster, cluster.prefix + topic, place, [partition])).get(partition) ?? offset;
      const [start, end] = [await at('start'), await at('end')];
      if (offset < start || offset > end) stream.refusal = outOfRange({ topic, partition, offset, start, end });
    });
  }

  /** Asks the brokers more about a partition, which is not fetched meanwhile. Never rejects. */
  private async look(stream: PartitionStream, work: () => Promise<void>): Promise<void> {
    stream.isLookedAt = true;
    await work().catch((error: unknown) => this.failed(stream, error, performance.now()));
    stream.isLookedAt = false;
    this.pump();
    this.parts.onChange();
  }

  private failed(stream: PartitionStream, error: unknown, since: number): void {
    const { cluster } = this.parts;
    cluster.stale(cluster.prefix + stream.topic, stream.partition);
    stream.lastError = error;
    stream.failingSince ??= since;
    stream.retryAt = performance.now() + backoffMs(stream.failures++);
  }

  /** Undefined where it is not known at the moment: it is looked for, and the fetches go on then. */
  private leaderOf({ topic, partition }: PartitionStream): number | undefined {
    const { cluster } = this.parts;
    const leader = cluster.knownLeaders(cluster.prefix + topic)?.get(partition) ?? -1;
    if (leader >= 0) return leader;
    // Known, but of this partition nobody is the leader: that is looked up anew.
    cluster.stale(cluster.prefix + topic, partition);
    if (!this.locating.has(topic)) void this.locate(topic);
    return undefined;
  }

  private async locate(topic: string): Promise<void> {
    const startedAt = performance.now();
    const { cluster } = this.parts;
    this.locating.add(topic);
    let failure: unknown;
    const leaders = await cluster.leaders(cluster.prefix + topic).catch((error: unknown) => {
      failure = error;
      return cluster.knownLeaders(cluster.prefix + topic) ?? new Map<number, number>();
    });
    this.locating.delete(topic);
    if (this.closed) return;
    for (const stream of this.streams) {
      if (stream.topic !== topic || stream.isInFlight || (leaders.get(stream.partition) ?? -1) >= 0) continue;
      this.failed(stream, failure ?? unavailable(`${topic}/${stream.partition} has no leader`, undefined), startedAt);
    }
    this.pump();
    this.parts.onChange();
  }
}

export function outOfRange(facts: {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
  readonly start: Offset;
  readonly end: Offset;
}): LogError {
  const { topic, partition, offset, start, end } = facts;
  return new LogError(
    'OFFSET_OUT_OF_RANGE',
    `${topic}, partition ${partition} has no offset ${offset}: it holds ${start} to ${end}`,
    facts,
  );
}
