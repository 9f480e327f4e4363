import { isLogError, type LogError } from '../errors';
import type { NewRecord, Position } from '../port';
import { AppendCall, type Part, partsOf, sizeOf } from './append-call';
import { backoffMs, pause } from './backoff';
import type { Cluster } from './cluster';
import { logClosed, unavailable } from './errors';
import { NodeSender } from './node-sender';
import { PartitionQueue } from './partition-queue';
import { patiently } from './patience';
import { askProducerId } from './producer-id';

export interface ProducerOptions {
  /** How long an append is tried before it fails, milliseconds; default 5000. */
  readonly appendTimeoutMs?: number;
  /** Bytes of records that wait, over all topics; default 64 MiB. */
  readonly waitingBytesMax?: number;
}

const APPEND_TIMEOUT_MS = 5000;
/** Patience where no broker has answered for as long as a whole append may take. */
const BRIEF_MS = 250;
const WAITING_BYTES_MAX = 64 * 2 ** 20;
/** How often calls are looked at whose time may be over. */
const SWEEP_MS = 100;
const PING_TIMEOUT_MS = 2000;
/** The next look at a partition without a leader. */
const LEADERLESS_MS = 100;
const IDENTIFY_AGAIN_MS = 500;

interface Unplaced {
  readonly call: AppendCall;
  readonly records: readonly NewRecord[];
  readonly bytes: number;
}

/** A topic that is appended to. */
interface Target {
  /** Name without the prefix. */
  readonly name: string;
  /** Name on the broker. */
  readonly topic: string;
  readonly queues: PartitionQueue[];
  /** Calls made before the number of partitions was known, in the order in which they came. */
  readonly unplaced: Unplaced[];
  /** Partition that the next call's records without a key go to. */
  nextSticky: number;
  learning: boolean;
}

/**
 * Appends: calls of one moment share a request, and a partition that is slow or refused holds up no other.
 *
 * Calls wait in the queue of their partition. Whatever waits for the partitions of one broker goes to it in one
 * request, a batch for each partition, over one of a few connections; a partition has one batch under way at most.
 */
export class Producer {
  private readonly targets = new Map<string, Target>();
  private readonly senders = new Map<number, NodeSender>();
  /** Queues with something to send that is not being sent. */
  private readonly ready = new Set<PartitionQueue>();
  private readonly calls = new Set<AppendCall>();
  private readonly appendTimeoutMs: number;
  private readonly waitingBytesMax: number;
  private waitingBytes = 0;
  private scheduled = false;
  private sweep: NodeJS.Timeout | undefined;
  private wake: NodeJS.Timeout | undefined;
  private identifying = false;
  /** performance.now() when a broker answered last. */
  private reachedAt = Number.NEGATIVE_INFINITY;
  /** Why no broker can be reached, while none can. */
  private down: Error | undefined;
  private closed = false;
  private onIdle: (() => void) | undefined;

  constructor(
    private readonly cluster: Cluster,
    { appendTimeoutMs = APPEND_TIMEOUT_MS, waitingBytesMax = WAITING_BYTES_MAX }: ProducerOptions = {},
  ) {
    this.appendTimeoutMs = appendTimeoutMs;
    this.waitingBytesMax = waitingBytesMax;
  }

  append(name: string, records: readonly NewRecord[]): Promise<readonly Position[]> {
    if (this.closed) return Promise.reject(logClosed());
    const target = this.target(name);
    try {
      const bytes = sizeOf(name, records);
      if (this.waitingBytes > 0 && this.waitingBytes + bytes > this.waitingBytesMax) {
        throw unavailable(`${this.waitingBytes} bytes of records wait already`, undefined, { topic: name });
      }
      return new Promise((resolve, reject) => {
        const startedAt = performance.now();
        const deadline = startedAt + (this.down ? Math.min(BRIEF_MS, this.appendTimeoutMs) : this.appendTimeoutMs);
        const call = new AppendCall(name, records.length, startedAt, deadline, resolve, reject, this.onSettled);
        this.calls.add(call);
        this.waitingBytes += bytes;
        this.sweep ??= setInterval(() => this.expire(), SWEEP_MS);
        const known = target.unplaced.length === 0 && this.cluster.knownLeaders(target.topic);
        const unplaced = { call, records, bytes };
        if (known) this.place(target, known.size, unplaced);
        else {
          target.unplaced.push(unplaced);
          this.learn(target);
        }
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Resolves when all calls have got their answer; new ones are refused. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve;
      });
    }
    clearInterval(this.sweep);
    clearTimeout(this.wake);
    for (const sender of this.senders.values()) sender.close();
  }

  private target(name: string): Target {
    let target = this.targets.get(name);
    if (!target) {
      const topic = this.cluster.prefix + name;
      target = { name, topic, queues: [], unplaced: [], nextSticky: 0, learning: false };
      this.targets.set(name, target);
    }
    return target;
  }

  private readonly onSettled = (call: AppendCall) => {
    this.calls.delete(call);
    if (this.calls.size > 0) return;
    this.onIdle?.();
    // Nothing is left that could run out of time.
    clearInterval(this.sweep);
    this.sweep = undefined;
  };

  private readonly free = (bytes: number) => {
    this.waitingBytes -= bytes;
  };

  private place(target: Target, partitions: number, { call, records, bytes }: Unplaced): void {
    this.free(bytes);
    let parts: readonly Part[];
    try {
      const sticky = () => target.nextSticky++ % partitions;
      parts = partsOf(call, records, { topic: target.name, partitions, sticky });
    } catch (error) {
      call.fail(error as LogError | RangeError);
      return;
    }
    for (const part of parts) {
      call.addPart();
      this.waitingBytes += part.bytes;
      const queue = this.queue(target, part.partition);
      queue.add(part);
      if (!queue.sending) this.ready.add(queue);
    }
    this.schedule();
  }

  private queue(target: Target, partition: number): PartitionQueue {
    target.queues[partition] ??= new PartitionQueue(target.topic, partition, { name: target.name, free: this.free });
    return target.queues[partition];
  }

  /** Finds out who leads the topic, and places what waited for it. */
  private learn(target: Target): void {
    if (target.learning) return;
    target.learning = true;
    patiently(this.cluster.signal, () => this.cluster.leaders(target.topic), { patienceMs: this.appendTimeoutMs }).then(
      ({ size }) => {
        target.learning = false;
        this.onReached();
        for (const unplaced of target.unplaced.splice(0)) {
          if (unplaced.call.settled) this.free(unplaced.bytes);
          else this.place(target, size, unplaced);
        }
        this.schedule();
      },
      (error: LogError) => {
        target.learning = false;
        this.unlearned(target, error);
      },
    );
  }

  private unlearned(target: Target, error: LogError): void {
    const passing = error.code === 'LOG_UNAVAILABLE';
    const left = target.unplaced.splice(0).filter(({ call, bytes }) => {
      if (call.settled || !passing) this.free(bytes);
      if (!passing) call.fail(error);
      call.lastError = error;
      return !call.settled;
    });
    target.unplaced.push(...left);
    for (const queue of target.queues) {
      if (!queue) continue;
      if (!passing) queue.failAll(error);
      queue.dropSettled();
      if (queue.idle) this.ready.delete(queue);
    }
    this.schedule();
    if (left.length > 0) this.learn(target);
  }

  /** Once for all calls of this moment. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    const byNode = new Map<number, PartitionQueue[]>();
    const now = performance.now();
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const queue of this.ready) {
      if (queue.sending || queue.idle) this.ready.delete(queue);
      else if (queue.notBefore > now) wakeAt = Math.min(wakeAt, queue.notBefore);
      else if (queue.needsProducer) this.identify();
      else {
        const leader = this.cluster.knownLeaders(queue.topic)?.get(queue.partition);
        if (leader === undefined || leader < 0) {
          this.cluster.stale(queue.topic, queue.partition);
          this.learn(this.target(queue.topic.slice(this.cluster.prefix.length)));
          if (leader !== undefined) queue.notBefore = now + LEADERLESS_MS;
        } else if (byNode.has(leader)) byNode.get(leader)?.push(queue);
        else byNode.set(leader, [queue]);
      }
    }
    for (const [node, queues] of byNode) this.sender(node).offer(queues);
    clearTimeout(this.wake);
    if (wakeAt < Number.POSITIVE_INFINITY) this.wake = setTimeout(() => this.dispatch(), Math.ceil(wakeAt - now));
  }

  private sender(node: number): NodeSender {
    let sender = this.senders.get(node);
    if (!sender) {
      sender = new NodeSender(node, {
        cluster: this.cluster,
        patienceMs: this.appendTimeoutMs,
        onReached: () => this.onReached(),
        onDone: (queues) => {
          for (const queue of queues) if (!queue.idle) this.ready.add(queue);
          this.schedule();
        },
      });
      this.senders.set(node, sender);
    }
    return sender;
  }

  /** A producer id for all queues that lack one. */
  private identify(): void {
    if (this.identifying) return;
    this.identifying = true;
    patiently(this.cluster.signal, () => askProducerId(this.cluster), { patienceMs: this.appendTimeoutMs })
      .then(
        (producer) => {
          this.onReached();
          for (const queue of this.ready) if (queue.needsProducer) queue.identify(producer);
        },
        (error: unknown) => {
          if (isLogError(error) && !error.retryable) {
            for (const queue of this.ready) if (queue.needsProducer) queue.failAll(error);
          }
          for (const call of this.calls) call.lastError ??= error;
          return pause(IDENTIFY_AGAIN_MS, this.cluster.signal);
        },
      )
      .finally(() => {
        this.identifying = false;
        if (this.calls.size > 0) this.schedule();
      });
  }

  /** Tells those calls whose time is over. */
  private expire(): void {
    const now = performance.now();
    for (const call of this.calls) {
      if (call.deadline > now) continue;
      const waitedMs = Math.round(now - call.startedAt);
      const { topic, lastError = this.down } = call;
      call.fail(unavailable(`append to ${topic} not acknowledged within ${waitedMs} ms`, lastError, { topic }));
      if (this.reachedAt < call.startedAt) this.goDown(lastError);
    }
    for (const queue of this.ready) queue.dropExpired();
  }

  /** No broker has answered for a whole append's time: later ones wait briefly until one does. */
  private goDown(why: unknown): void {
    if (this.down) return;
    this.down = why instanceof Error ? why : new Error('no broker answered');
    void this.lookForBrokers();
  }

  private async lookForBrokers(): Promise<void> {
    for (let attempt = 0; this.down && !this.cluster.signal.aborted && !this.closed; attempt++) {
      await this.cluster.ping(PING_TIMEOUT_MS).then(
        () => this.onReached(),
        () => pause(backoffMs(attempt), this.cluster.signal),
      );
    }
  }

  private onReached(): void {
    this.reachedAt = performance.now();
    if (!this.down) return;
    this.down = undefined;
    for (const queue of this.ready) queue.notBefore = 0;
    this.schedule();
  }
}
