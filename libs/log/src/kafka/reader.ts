import type { Logger } from 'pino';
import { LogError } from '../errors';
import type { From, LogReader, NextOptions, Offset, RecordBatch } from '../port';
import { MAX_RECORDS, Turn } from '../turn';
import type { Cluster } from './cluster';
import { Fetcher } from './fetcher';
import { listOffsets } from './offsets';
import type { PartitionStream } from './partition-stream';
import { Wakeup } from './wakeup';

export interface ReaderParts {
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly onClose: (reader: KafkaReader) => void;
}

/** How often it is looked whether something is to be told, where nothing else happens. */
const LOOK_MS = 1000;

export class KafkaReader implements LogReader {
  private readonly wakeup = new Wakeup();
  private readonly turn = new Turn();
  private readonly fetcher: Fetcher;
  private readonly streams: readonly PartitionStream[];
  private closed = false;

  private constructor(
    topic: string,
    at: ReadonlyMap<number, Offset>,
    private readonly parts: ReaderParts,
  ) {
    this.fetcher = new Fetcher({ ...parts, onChange: () => this.wakeup.ring() });
    this.streams = [...at].map(([partition, offset]) => this.fetcher.add(topic, partition, offset));
  }

  /**
   * @param topic  as the caller of the port names it
   * @throws UNKNOWN_TOPIC, LOG_UNAVAILABLE
   */
  static async open(topic: string, from: ReadonlyMap<number, From> | From, parts: ReaderParts): Promise<KafkaReader> {
    return new KafkaReader(topic, await resolve(parts.cluster, topic, from), parts);
  }

  async next(options: NextOptions = {}): Promise<RecordBatch | undefined> {
    const { maxRecords = MAX_RECORDS, maxWaitMs = 0, signal } = options;
    const deadline = performance.now() + maxWaitMs;
    await this.turn.giveWay();
    while (!this.closed && !signal?.aborted) {
      const taken = this.fetcher.take(maxRecords);
      if (taken) return taken.batch;
      const failure = this.fetcher.failure();
      if (failure) throw failure;
      const ms = deadline - performance.now();
      if (ms <= 0) return undefined;
      await this.wakeup.wait(Math.min(ms, LOOK_MS), signal);
    }
    return undefined;
  }

  positions(): ReadonlyMap<number, Offset> {
    return new Map(this.streams.map(({ partition, position }) => [partition, position]));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.fetcher.close();
    this.wakeup.ring();
    this.parts.onClose(this);
  }
}

/** Offsets where reading starts, by partition. */
async function resolve(
  cluster: Cluster,
  topic: string,
  from: ReadonlyMap<number, From> | From,
): Promise<ReadonlyMap<number, Offset>> {
  const onBroker = cluster.prefix + topic;
  const all = [...(await cluster.leaders(onBroker)).keys()];
  const wanted: ReadonlyMap<number, From> =
    from instanceof Map ? from : new Map(all.map((partition) => [partition, from as From]));
  const unknown = [...wanted.keys()].find((partition) => !all.includes(partition));
  if (unknown !== undefined) {
    const facts = { topic, partition: unknown };
    throw new LogError('OFFSET_OUT_OF_RANGE', `${topic} has no partition ${unknown}`, facts);
  }
  const at = new Map<number, Offset>();
  const byPlace = new Map<string, { place: Exclude<From, Offset>; partitions: number[] }>();
  for (const [partition, place] of wanted) {
    if (typeof place === 'number') {
      at.set(partition, place);
      continue;
    }
    const same = byPlace.get(JSON.stringify(place));
    if (same) same.partitions.push(partition);
    else byPlace.set(JSON.stringify(place), { place, partitions: [partition] });
  }
  const found = await Promise.all(
    [...byPlace.values()].map(({ place, partitions }) => {
      const spec = place === 'earliest' ? 'start' : place === 'latest' ? 'end' : place;
      return listOffsets(cluster, onBroker, spec, partitions);
    }),
  );
  for (const offsets of found) for (const [partition, offset] of offsets) at.set(partition, offset);
  return new Map([...wanted.keys()].map((partition) => [partition, at.get(partition) ?? 0]));
}
