import type { Cluster } from './cluster';
import type { Connection } from './connection';
import { BrokerError } from './errors';
import type { PartitionQueue } from './partition-queue';
import { type ProduceEntry, type ProduceOutcome, produceRequest } from './produce-request';

/** Requests at once, each on a connection of its own: a broker answers one request of a connection after the other. */
const SLOTS = 5;
/** A request carries so many bytes of batches, or one batch that is larger. */
const REQUEST_BYTES = 8 * 2 ** 20;
const REQUEST_TIMEOUT_MS = 3000;
/** What the broker may spend waiting for replicas: less, so that it answers before we give up. */
const REPLICAS_TIMEOUT_MS = 2000;
/** Stands for an answer that names a partition not at all. */
const UNKNOWN_SERVER_ERROR = -1;

/** Errors after which somebody else may lead the partition. */
const MOVED: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
]);

export interface NodeSenderParts {
  readonly cluster: Cluster;
  /** Longest time that a call waits: no request need take longer. */
  readonly patienceMs: number;
  /** The broker answered, whatever it said. */
  readonly onReached: () => void;
  /** The outcome has been told to these queues, and a slot is free again. */
  readonly onDone: (queues: readonly PartitionQueue[]) => void;
}

/** Sends to one broker what waits for the partitions that it leads. */
export class NodeSender {
  private readonly idle: Connection[] = [];
  private quickOnes = 0;
  private suspects = 0;

  constructor(
    private readonly node: number,
    private readonly parts: NodeSenderParts,
  ) {}

  /** Sends as much as there are slots for. */
  offer(queues: readonly PartitionQueue[]): void {
    const together: PartitionQueue[] = [];
    let bytes = 0;
    for (const queue of queues) {
      if (queue.suspect) {
        if (this.suspects >= SLOTS) continue;
        this.suspects++;
        void this.send([queue]).finally(() => this.suspects--);
        continue;
      }
      if (this.quickOnes >= SLOTS) continue;
      if (bytes > 0 && bytes + queue.bytes > REQUEST_BYTES) {
        this.sendTogether(together.splice(0));
        bytes = 0;
        if (this.quickOnes >= SLOTS) continue;
      }
      together.push(queue);
      bytes += queue.bytes;
    }
    if (together.length > 0) this.sendTogether(together);
  }

  close(): void {
    for (const connection of this.idle) connection.close();
  }

  private sendTogether(queues: readonly PartitionQueue[]): void {
    this.quickOnes++;
    void this.send(queues).finally(() => this.quickOnes--);
  }

  private async send(offered: readonly PartitionQueue[]): Promise<void> {
    const entries: ProduceEntry[] = [];
    const queues: PartitionQueue[] = [];
    for (const queue of offered) {
      const batch = queue.begin();
      if (!batch) continue;
      queues.push(queue);
      entries.push({ topic: queue.topic, partition: queue.partition, batch });
    }
    if (queues.length > 0) await this.exchange(queues, entries);
    // Behind the count of slots, which the caller brings down.
    setImmediate(() => this.parts.onDone(queues));
  }

  private async exchange(queues: readonly PartitionQueue[], entries: readonly ProduceEntry[]): Promise<void> {
    let sent = false;
    try {
      const connection = await this.connection();
      sent = true;
      const startedAt = performance.now();
      const timeoutMs = Math.min(REQUEST_TIMEOUT_MS, this.parts.patienceMs);
      const request = produceRequest(entries, Math.min(REPLICAS_TIMEOUT_MS, timeoutMs));
      const outcomes = await connection.send(request, { timeoutMs });
      this.idle.push(connection);
      this.parts.onReached();
      this.settle(queues, outcomes, performance.now() - startedAt);
    } catch (error) {
      for (const queue of queues) {
        this.parts.cluster.stale(queue.topic, queue.partition);
        queue.lost(error, sent);
      }
    }
  }

  private settle(queues: readonly PartitionQueue[], outcomes: readonly ProduceOutcome[], tookMs: number): void {
    const byPlace = new Map(outcomes.map((outcome) => [`${outcome.topic}/${outcome.partition}`, outcome]));
    for (const queue of queues) {
      const outcome = byPlace.get(`${queue.topic}/${queue.partition}`);
      const error = outcome?.code === 0 ? undefined : new BrokerError(outcome?.code ?? UNKNOWN_SERVER_ERROR);
      if (error && MOVED.has(error.type)) this.parts.cluster.stale(queue.topic, queue.partition);
      if (error) queue.refused(error);
      else if (outcome) queue.done(outcome.baseOffset, tookMs);
    }
  }

  private async connection(): Promise<Connection> {
    for (let idle = this.idle.pop(); idle; idle = this.idle.pop()) if (idle.alive) return idle;
    return this.parts.cluster.dedicated(this.node);
  }
}
