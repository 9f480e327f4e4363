import type { Logger } from 'pino';
import { LogError } from '../errors';
import type { GroupBatch, GroupConsumer, GroupOptions, NextOptions, Offset, RecordBatch } from '../port';
import { MAX_RECORDS, Turn } from '../turn';
import { backoffMs, pause } from './backoff';
import type { Cluster } from './cluster';
import { fetchCommitted } from './commits';
import { type BrokerError, isBrokerError, isRefusal, mayPass, refused, unavailable } from './errors';
import { Fetcher } from './fetcher';
import { GroupMember, type Joined } from './group-member';
import type { Partitions } from './group-protocol';
import type { InstanceIds } from './instance-ids';
import { listOffsets } from './offsets';
import type { PartitionStream } from './partition-stream';
import { Wakeup } from './wakeup';

/** So long `join` waits for the first partitions: brokers hold a new group's first round for 3 seconds. */
const JOIN_WAIT_MS = 4000;
const COMMIT_DEADLINE_MS = 5000;
/** How often it is looked whether something is to be told, where nothing else happens. */
const LOOK_MS = 500;
/** So long nothing is said of a failure: coordinators move within a second. */
const TELL_AFTER_MS = 5000;
/** Fenced again within this time: another process has the same name, and lives. */
const FENCED_AGAIN_MS = 60_000;

/** A partition while this member holds it. A partition lost and won back is another one: old batches are fenced. */
interface Held {
  readonly topic: string;
  readonly partition: number;
  readonly stream: PartitionStream;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

export interface ConsumerParts {
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly instanceIds: InstanceIds;
  readonly onClose: (consumer: KafkaConsumer) => void;
}

export class KafkaConsumer implements GroupConsumer {
  private readonly cluster: Cluster;
  private readonly topics: Set<string>;
  private readonly member: GroupMember;
  private readonly fetcher: Fetcher;
  private readonly instance: ReturnType<InstanceIds['take']>;
  private readonly wakeup = new Wakeup();
  private readonly turn = new Turn();
  private readonly closed = new AbortController();
  private readonly held = new Map<PartitionStream, Held>();
  /** Assigned, and not begun yet. */
  private toBegin: readonly Place[] = [];
  /** Changes with each assignment and each loss. */
  private epoch = 0;
  /** It was handed out, and neither committed nor followed by another call of next. */
  private busy: { readonly held: Held; readonly next: Offset } | undefined;
  private mustJoin = true;
  private isJoining = false;
  private settling: Promise<void> | undefined;
  /** Since when joining fails, and why. */
  private trouble: { readonly since: number; readonly error: unknown } | undefined;
  private toldAt = 0;
  private fencedAt = Number.NEGATIVE_INFINITY;
  private fatal: LogError | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly options: GroupOptions,
    private readonly parts: ConsumerParts,
  ) {
    const { cluster, logger, instanceIds } = parts;
    this.cluster = cluster;
    this.topics = new Set(options.topics);
    this.instance = instanceIds.take(options.group);
    this.fetcher = new Fetcher({ cluster, logger, onChange: () => this.wakeup.ring() });
    this.member = new GroupMember({
      cluster,
      group: cluster.prefix + options.group,
      instanceId: this.instance.id,
      onTurn: () => this.joinAgain(),
      onLost: (error) => this.lost(error),
    });
  }

  /**
   * Resolves when its first partitions are begun; sooner if other members keep it waiting for theirs.
   * @throws UNKNOWN_TOPIC, LOG_UNAVAILABLE
   */
  static async join(options: GroupOptions, parts: ConsumerParts): Promise<KafkaConsumer> {
    await assertTopics(parts.cluster, options.topics);
    const consumer = new KafkaConsumer(options, parts);
    consumer.settleIfDue();
    await consumer.settled(JOIN_WAIT_MS);
    return consumer;
  }

  async next(options: Omit<NextOptions, 'maxRecords'> = {}): Promise<GroupBatch | undefined> {
    const { maxWaitMs = 0, signal } = options;
    const deadline = performance.now() + maxWaitMs;
    this.busy = undefined;
    await this.turn.giveWay();
    for (;;) {
      // Others may have taken its partitions meanwhile.
      await this.member.certain();
      if (this.closing || signal?.aborted) return undefined;
      this.settleIfDue();
      const batch = this.settling ? undefined : this.take();
      if (batch) return batch;
      const failure = this.failure();
      if (failure) throw failure;
      const ms = deadline - performance.now();
      if (ms <= 0) return undefined;
      await this.wakeup.wait(Math.min(ms, LOOK_MS), signal);
    }
  }

  assignment(): ReadonlyMap<string, readonly number[]> {
    const assignment = new Map<string, number[]>();
    for (const { topic, partition } of this.held.values()) {
      assignment.set(
        topic,
        [...(assignment.get(topic) ?? []), partition].sort((a, b) => a - b),
      );
    }
    return assignment;
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    await assertTopics(this.cluster, topics);
    const added = topics.filter((topic) => !this.topics.has(topic));
    if (added.length === 0) return;
    for (const topic of added) this.topics.add(topic);
    this.joinAgain();
    await this.settled(JOIN_WAIT_MS);
  }

  close(): Promise<void> {
    this.closing ??= this.leave();
    return this.closing;
  }

  private async leave(): Promise<void> {
    this.closed.abort();
    this.wakeup.ring();
    this.fetcher.close();
    this.held.clear();
    this.toBegin = [];
    this.member.stop();
    await this.settling;
    await this.member.leave();
    this.instance.release();
    this.parts.onClose(this);
  }

  private take(): GroupBatch | undefined {
    const taken = this.fetcher.take(this.options.maxRecords ?? MAX_RECORDS);
    const held = taken && this.held.get(taken.stream);
    if (!taken || !held) return undefined;
    return this.handOut(held, taken.batch);
  }

  private handOut(held: Held, batch: RecordBatch): GroupBatch {
    this.busy = { held, next: batch.next };
    return { ...batch, commit: () => this.commit(held, batch.next) };
  }

  private async commit(held: Held, offset: Offset): Promise<void> {
    const deadline = performance.now() + COMMIT_DEADLINE_MS;
    for (let attempt = 0; ; attempt++) {
      if (this.held.get(held.stream) !== held) throw this.fenced(held);
      const failure = await this.tryCommit(held, offset);
      if (!failure) break;
      if (this.held.get(held.stream) !== held) throw this.fenced(held);
      const waitMs = backoffMs(attempt);
      const { group } = this.options;
      if (performance.now() + waitMs > deadline || !mayBeCommitted(failure)) {
        const { topic, partition } = held;
        const what = `${topic}, partition ${partition}: offset ${offset} can't be committed for group ${group}`;
        throw tell(what, failure, { group, topic, partition, offset });
      }
      // A join under way ends soon, and this commit is then one of the new generation, or too late.
      if (this.settling) await this.settled(waitMs);
      else await pause(waitMs, this.closed.signal);
    }
    if (this.busy?.held === held && this.busy.next === offset) this.busy = undefined;
    this.settleIfDue();
  }

  /** @returns what it failed with */
  private async tryCommit({ topic, partition }: Held, offset: Offset): Promise<unknown> {
    try {
      await this.member.commit([{ topic: this.cluster.prefix + topic, partition, offset }]);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  private fenced({ topic, partition }: Held): LogError {
    const { group } = this.options;
    const facts = { group, topic, partition };
    return new LogError('FENCED', `group ${group} holds ${topic}, partition ${partition} elsewhere by now`, facts);
  }

  private failure(): LogError | undefined {
    if (this.fatal) return this.fatal;
    const now = performance.now();
    const { trouble } = this;
    if (!trouble) return this.fetcher.failure();
    if (now - Math.max(trouble.since, this.toldAt) < TELL_AFTER_MS) return undefined;
    this.toldAt = now;
    const { group } = this.options;
    if (trouble.error instanceof LogError && !trouble.error.retryable) return trouble.error;
    return tell(`group ${group} can't be joined`, trouble.error, { group });
  }

  /** Waits for the joining under way, at most so long. */
  private async settled(ms: number): Promise<void> {
    const enough = new AbortController();
    await Promise.race([this.settling, pause(ms, AbortSignal.any([this.closed.signal, enough.signal]))]);
    enough.abort();
  }

  /** The partitions are shared out anew: others wait for this member. */
  private joinAgain(): void {
    this.mustJoin = true;
    this.settleIfDue();
    this.wakeup.ring();
  }

  /** Others have its partitions, or may have them: what was read and not committed comes again, to whoever has them then. */
  private lost(error: BrokerError): void {
    this.epoch++;
    for (const stream of this.held.keys()) this.fetcher.remove(stream);
    this.held.clear();
    this.toBegin = [];
    this.busy = undefined;
    if (isBrokerError(error, 'FENCED_INSTANCE_ID')) this.fencedByName();
    // A join under way goes on as a new member, or fails and is repeated.
    if (!this.isJoining) this.joinAgain();
  }

  /** Joins if that is due and no batch is being handled: a batch's partition is given up only after it. */
  private settleIfDue(): void {
    if (this.closing || this.settling || this.busy || this.fatal) return;
    if (!this.mustJoin && this.toBegin.length === 0) return;
    this.settling = this.settle().finally(() => {
      this.settling = undefined;
      this.wakeup.ring();
      this.settleIfDue();
    });
  }

  /** Never rejects; ends when there is nothing more to do, or nothing can be done. */
  private async settle(): Promise<void> {
    for (let attempt = 0; !this.closing && !this.fatal && (this.mustJoin || this.toBegin.length > 0); attempt++) {
      try {
        if (this.mustJoin) await this.join();
        await this.begin();
        this.trouble = undefined;
      } catch (error) {
        if (this.closing) return;
        // Others came or left while this member joined: the next round is under way.
        if (isBrokerError(error, 'REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION')) continue;
        this.trouble = { since: this.trouble?.since ?? performance.now(), error };
        this.parts.logger.debug({ err: error, group: this.options.group }, 'group could not be joined; trying again');
        await pause(backoffMs(attempt), this.closed.signal);
      }
    }
  }

  private async join(): Promise<void> {
    const { prefix } = this.cluster;
    this.mustJoin = false;
    this.isJoining = true;
    try {
      const topics = [...this.topics].map((topic) => prefix + topic);
      const owned = new Map([...this.assignment()].map(([topic, numbers]) => [prefix + topic, numbers]));
      this.assign(await this.member.join(topics, owned));
    } catch (error) {
      this.mustJoin = true;
      throw error;
    } finally {
      this.isJoining = false;
    }
  }

  private assign({ partitions, isContinued }: Joined): void {
    this.epoch++;
    const { prefix } = this.cluster;
    const places = [...partitions].flatMap(([topic, numbers]) =>
      numbers.map((partition) => ({ topic: topic.slice(prefix.length), partition })),
    );
    for (const [stream, held] of this.held) {
      if (isContinued && places.some((place) => isSame(place, held))) continue;
      this.held.delete(stream);
      this.fetcher.remove(stream);
    }
    const kept = [...this.held.values()];
    this.toBegin = places.filter((place) => !kept.some((held) => isSame(place, held)));
  }

  /** Reads on what was won, from the group's commits. @throws LOG_UNAVAILABLE */
  private async begin(): Promise<void> {
    const { epoch, toBegin } = this;
    if (toBegin.length === 0) return;
    const offsets = await this.startsOf(toBegin);
    if (this.epoch !== epoch || this.closing) return;
    this.toBegin = [];
    for (const { topic, partition } of toBegin) {
      const stream = this.fetcher.add(topic, partition, offsets.get(`${topic}/${partition}`) ?? 0);
      this.held.set(stream, { topic, partition, stream });
    }
  }

  /** By `topic/partition`: what the group committed, else where it is to begin. */
  private async startsOf(places: readonly Place[]): Promise<ReadonlyMap<string, Offset>> {
    const { prefix } = this.cluster;
    const { group, from = 'earliest' } = this.options;
    const committed = await fetchCommitted(this.cluster, prefix + group, byTopic(places, prefix));
    const starts = new Map<string, Offset>();
    const fresh: Place[] = [];
    for (const place of places) {
      const offset = committed.get(prefix + place.topic)?.get(place.partition);
      if (offset === undefined) fresh.push(place);
      else starts.set(`${place.topic}/${place.partition}`, offset);
    }
    for (const [topic, numbers] of byTopic(fresh, '')) {
      const spec = from === 'earliest' ? 'start' : 'end';
      const offsets = await listOffsets(this.cluster, prefix + topic, spec, numbers);
      for (const [partition, offset] of offsets) starts.set(`${topic}/${partition}`, offset);
      // Kept at once: were this member to end before its first commit, a later `latest` would pass over records.
      const ends = [...offsets].map(([partition, offset]) => ({ topic: prefix + topic, partition, offset }));
      if (from === 'latest') await this.member.commit(ends);
    }
    return starts;
  }

  /** A request that came late may have fenced this very process: once, it takes its name back. */
  private fencedByName(): void {
    const now = performance.now();
    const { group } = this.options;
    const { id } = this.instance;
    if (now - this.fencedAt < FENCED_AGAIN_MS) {
      const what = `group ${group}: another process is its member ${id}; instance ids must differ`;
      this.fatal = new LogError('FENCED', what, { group, instanceId: id });
    }
    this.fencedAt = now;
  }
}

function isSame(a: Place, b: Place): boolean {
  return a.partition === b.partition && a.topic === b.topic;
}

function byTopic(places: readonly Place[], prefix: string): Partitions {
  const partitions = new Map<string, number[]>();
  for (const { topic, partition } of places) {
    const numbers = partitions.get(prefix + topic);
    if (numbers) numbers.push(partition);
    else partitions.set(prefix + topic, [partition]);
  }
  return partitions;
}

function tell(what: string, cause: unknown, facts: Readonly<Record<string, unknown>>): LogError {
  return (isRefusal(cause) ? refused : unavailable)(what, cause, facts);
}

function mayBeCommitted(error: unknown): boolean {
  return mayPass(error) || isBrokerError(error, 'REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID');
}

async function assertTopics(cluster: Cluster, topics: readonly string[]): Promise<void> {
  await Promise.all(topics.map((topic) => cluster.leaders(cluster.prefix + topic)));
}
