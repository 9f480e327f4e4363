import { randomUUID } from 'node:crypto';
import { isLogError } from '../errors';
import type { Cluster } from './cluster';
import type { Connection } from './connection';
import { askCoordinator } from './coordinator';
import { BrokerError, isBrokerError } from './errors';
import { shareOut } from './group-assignment';
import {
  type Assignment,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Partitions,
  topicsMark,
} from './group-protocol';
import {
  heartbeatRequest,
  type JoinAnswer,
  joinRequest,
  leaveRequest,
  type MemberRef,
  offsetCommitRequest,
  syncRequest,
  type TopicOffset,
} from './group-requests';
import { kafkajsRequest } from './request';

/** After so long without a heartbeat the broker gives a member's partitions away. */
const SESSION_TIMEOUT_MS = 10_000;
/** So long others wait for a member that handles a batch; then it has lost its partitions. */
const REBALANCE_TIMEOUT_MS = 60_000;
/** Also how long it takes at most until a member learns that another one has come. */
const HEARTBEAT_MS = 1000;
/** While a join waits for the other members, which may take long, it is looked whether the broker still answers. */
const PING_MS = 5000;
const ANSWER_TIMEOUT_MS = 5000;
/** The protocol's code. */
const UNKNOWN_MEMBER_ID = 25;

export interface MemberOptions {
  readonly cluster: Cluster;
  /** Name on the broker. */
  readonly group: string;
  readonly instanceId: string | null;
  /** The group shares its partitions out anew: join again, soon. */
  readonly onTurn: () => void;
  /** The broker knows this member no more: others have its partitions, or may have them. */
  readonly onLost: (error: BrokerError) => void;
}

export interface Joined {
  /** Partitions of this member, by topic as named on the broker. */
  readonly partitions: Partitions;
  /** Nobody can have held these partitions since this member last knew what it has. */
  readonly isContinued: boolean;
}

/** A member of a group in Kafka's classic protocol: joins, keeps its session and commits. */
export class GroupMember {
  private memberId = '';
  private generation = -1;
  /** Generation whose partitions this member knows. */
  private synced: number | undefined;
  private nonce = '';
  private connection: Connection | undefined;
  private isBeating = false;
  private isStopped = false;
  /** It asked to join by its name alone, and does not know what came of it. */
  private isUnanswered = false;
  private askedAt = performance.now();
  /** The asking after the process was held up. */
  private doubt: Promise<void> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: MemberOptions) {
    this.timer = setInterval(() => void this.beat(), HEARTBEAT_MS).unref();
  }

  get ref(): MemberRef {
    const { group, instanceId } = this.options;
    return { group, instanceId, memberId: this.memberId, generation: this.generation };
  }

  /**
   * Resolves at once, unless the process was held up, so that its session may have ended without its knowing: then when
   * the broker was asked. Never rejects: if nobody answers, the commit will tell.
   */
  certain(): Promise<void> {
    if (this.wasHeldUp) void this.ask();
    return this.doubt;
  }

  /** Not even a heartbeat was tried for so long. */
  private get wasHeldUp(): boolean {
    return this.synced !== undefined && performance.now() - this.askedAt > SESSION_TIMEOUT_MS;
  }

  /**
   * Joins, or joins again, and waits until all members have: up to a minute where one handles a batch.
   * @param owned  partitions that it holds
   * @throws BrokerError, LOG_UNAVAILABLE: try again
   */
  async join(topics: readonly string[], owned: Partitions): Promise<Joined> {
    const { cluster, group } = this.options;
    const node = await cluster.coordinator(group);
    const connection = await cluster.dedicated(node);
    this.connection = connection;
    if (this.isStopped) connection.close();
    const pings = setInterval(() => void this.ping(node, connection), PING_MS).unref();
    try {
      let assignment = await this.joinOnce(connection, topics, owned);
      if (assignment.topicsMark !== topicsMark(topics)) {
        // A static member came back with other topics: the broker gave it what it had, as if nothing were new.
        this.nonce = randomUUID();
        assignment = await this.joinOnce(connection, topics, owned);
      }
      const { synced, generation } = this;
      this.synced = generation;
      this.askedAt = performance.now();
      // A generation in between may have given them to others: all began and ended while this member did not look.
      const isContinued = synced !== undefined && (generation === synced || generation === synced + 1);
      return { partitions: assignment.partitions, isContinued };
    } catch (error) {
      cluster.staleCoordinator(group);
      throw error;
    } finally {
      clearInterval(pings);
      this.connection = undefined;
      connection.close();
    }
  }

  private async joinOnce(connection: Connection, topics: readonly string[], owned: Partitions): Promise<Assignment> {
    const timeoutMs = REBALANCE_TIMEOUT_MS + ANSWER_TIMEOUT_MS;
    const joined = await this.sendJoin(connection, encodeSubscription({ topics, owned, nonce: this.nonce }));
    this.memberId = joined.memberId;
    this.generation = joined.generationId;
    const shares = joined.leaderId === joined.memberId ? await this.shares(joined) : new Map<string, Buffer>();
    const { ref } = this;
    const { errorCode, memberAssignment } = await connection.send(syncRequest(ref, shares), { timeoutMs });
    if (errorCode !== 0) throw this.judge(new BrokerError(errorCode), ref);
    return decodeAssignment(memberAssignment);
  }

  private async sendJoin(connection: Connection, subscription: Buffer): Promise<JoinAnswer> {
    for (;;) {
      const { ref } = this;
      const request = joinRequest(ref, {
        subscription,
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      });
      this.isUnanswered = ref.memberId === '' && ref.instanceId !== null;
      const answer = await connection.send(request, { timeoutMs: REBALANCE_TIMEOUT_MS + ANSWER_TIMEOUT_MS });
      this.isUnanswered = false;
      if (answer.errorCode === 0) return answer;
      const error = this.judge(new BrokerError(answer.errorCode), ref);
      // The broker gives an id first, so that one who never comes back for it does not count as a member.
      if (isBrokerError(error, 'MEMBER_ID_REQUIRED')) this.memberId = answer.memberId;
      else if (!isBrokerError(error, 'UNKNOWN_MEMBER_ID')) throw error;
      if (this.isStopped) throw error;
    }
  }

  private async shares({ members }: JoinAnswer): Promise<ReadonlyMap<string, Buffer>> {
    const subscriptions = new Map(
      members.map(({ memberId, memberMetadata }) => [memberId, decodeSubscription(memberMetadata)]),
    );
    const partitions = new Map<string, number>();
    for (const topic of new Set([...subscriptions.values()].flatMap(({ topics }) => topics))) {
      partitions.set(topic, await this.countOf(topic));
    }
    const shares = shareOut(subscriptions, partitions);
    return new Map(
      [...subscriptions].map(([id, { topics }]) => [
        id,
        encodeAssignment({ partitions: shares.get(id) ?? new Map(), topicsMark: topicsMark(topics) }),
      ]),
    );
  }

  /** Partitions of a topic; none of one that is gone: the members can go on with the others. */
  private async countOf(topic: string): Promise<number> {
    try {
      return (await this.options.cluster.leaders(topic)).size;
    } catch (error) {
      if (isLogError(error, 'UNKNOWN_TOPIC')) return 0;
      throw error;
    }
  }

  /**
   * Under the generation whose partitions it knows: one that a join under way has begun may have given them to others.
   * @throws LOG_UNAVAILABLE; BrokerError, after which `onLost` was called if it says so
   */
  async commit(offsets: readonly TopicOffset[]): Promise<void> {
    const { cluster, group } = this.options;
    // As of no generation a group would take it that has no members at the moment.
    if (this.synced === undefined) throw new BrokerError(UNKNOWN_MEMBER_ID);
    const ref = { ...this.ref, generation: this.synced };
    const code = await askCoordinator(cluster, group, offsetCommitRequest(ref, offsets), (answer) => answer);
    if (code !== 0) throw this.judge(new BrokerError(code), ref);
  }

  /** Finds out whether it is a member still. @throws LOG_UNAVAILABLE */
  async confirm(): Promise<void> {
    const { cluster, group } = this.options;
    const { ref } = this;
    this.askedAt = performance.now();
    const { errorCode } = await askCoordinator(cluster, group, heartbeatRequest(ref), (answer) => answer.errorCode);
    const error = this.judge(new BrokerError(errorCode), ref);
    if (isBrokerError(error, 'REBALANCE_IN_PROGRESS') && this.isStill(ref)) this.options.onTurn();
  }

  /** Ends a join under way and all heartbeats. */
  stop(): void {
    this.isStopped = true;
    clearInterval(this.timer);
    this.connection?.close();
  }

  /** After `stop`: its partitions are free at once. Never rejects: where no broker can be told, the session runs out. */
  async leave(): Promise<void> {
    const { cluster, group } = this.options;
    // Its name alone would put out whoever has taken it since.
    if (this.memberId === '' && !this.isUnanswered) return;
    await askCoordinator(cluster, group, leaveRequest(this.ref), () => 0).catch(() => undefined);
  }

  private async beat(): Promise<void> {
    if (this.isBeating || this.connection || this.synced === undefined) return;
    this.isBeating = true;
    await this.ask();
    this.isBeating = false;
  }

  /** Never rejects: whoever commits or reads is told that no broker answers. */
  private ask(): Promise<void> {
    const { wasHeldUp } = this;
    const asking = this.confirm().catch(() => undefined);
    if (wasHeldUp) this.doubt = asking;
    return asking;
  }

  /** @param at  as what member the request was sent: an answer to a former one says nothing of this one */
  private judge(error: BrokerError, at: MemberRef): BrokerError {
    if (!this.isStill(at) || !isBrokerError(error, 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'))
      return error;
    // A join under way has brought a generation that this member will learn of in a moment.
    if (this.connection && isBrokerError(error, 'ILLEGAL_GENERATION')) return error;
    if (!isBrokerError(error, 'ILLEGAL_GENERATION')) this.memberId = '';
    this.generation = -1;
    this.synced = undefined;
    if (!this.isStopped) this.options.onLost(error);
    return error;
  }

  private isStill({ memberId, generation }: MemberRef): boolean {
    return memberId === this.memberId && generation === this.generation;
  }

  private async ping(node: number, connection: Connection): Promise<void> {
    const { cluster, group } = this.options;
    const request = kafkajsRequest(
      'GroupCoordinator',
      { coordinatorKey: group, coordinatorType: 0 },
      { codes: 'keep' },
    );
    try {
      await (await cluster.control(node)).send(request);
    } catch {
      connection.close();
    }
  }
}
