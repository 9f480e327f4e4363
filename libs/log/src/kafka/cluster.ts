import { isLogError } from '../errors';
import { backoffMs, pause } from './backoff';
import { type Address, type Connection, type Credentials, connect } from './connection';
import { BrokerError, isRefusal, logClosed, refused, unavailable, unknownTopic } from './errors';
import { Encoder } from './kafkajs';
import { patiently } from './patience';
import { type ApiRequest, kafkajsRequest } from './request';

/**
 * Who is where in the cluster, and connections to them. Names of topics and groups are those on the broker: with the
 * prefix (`prefix + name`), except in errors, which name them as the caller of the port does.
 */
export interface Cluster {
  /** Stands before the names of topics and groups on the broker; may be empty. */
  readonly prefix: string;
  /** Aborts when the log is closed. */
  readonly signal: AbortSignal;
  /** What the brokers call their cluster: made when its storage was first formatted. @throws LOG_UNAVAILABLE */
  id(): Promise<string>;
  /**
   * Node id of each partition's leader, of all partitions; -1 where there is none at the moment. From cached
   * metadata, fetched where unknown.
   * @throws UNKNOWN_TOPIC, LOG_UNAVAILABLE
   */
  leaders(topic: string): Promise<ReadonlyMap<number, number>>;
  /** The same where it is known, without waiting. */
  knownLeaders(topic: string): ReadonlyMap<number, number> | undefined;
  /**
   * Forget what is known of a topic (NOT_LEADER and the like): the next look fetches it anew. Where a partition is named
   * only its leader is forgotten: whoever needs another one goes on without waiting (`knownLeaders`).
   */
  stale(topic: string, partition?: number): void;
  /** Names of all topics of the cluster, without internal ones. */
  topics(): Promise<readonly string[]>;
  /** Node id of the group's coordinator. @throws LOG_UNAVAILABLE */
  coordinator(group: string): Promise<number>;
  staleCoordinator(group: string): void;
  /** The shared control connection of a node, for short requests: never for anything that waits. @throws LOG_UNAVAILABLE */
  control(node: number): Promise<Connection>;
  /** The control connection of whichever broker can be reached. @throws LOG_UNAVAILABLE */
  anyControl(): Promise<Connection>;
  /** The control connection of the broker that makes topics. @throws LOG_UNAVAILABLE */
  controller(): Promise<Connection>;
  /** A new connection of the caller's own: a broker answers the requests of a connection one after the other. */
  dedicated(node: number): Promise<Connection>;
  /** Resolves when some broker has answered. @throws LOG_UNAVAILABLE none did in the time */
  ping(timeoutMs: number): Promise<void>;
  /** Closes all connections, dedicated ones too. */
  close(): Promise<void>;
}

export interface ClusterOptions extends Credentials {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  readonly prefix: string;
}

interface TopicMetadata {
  readonly leaders: ReadonlyMap<number, number>;
  /** Some of the leaders were forgotten. */
  readonly isStale: boolean;
  readonly fetchedAt: number;
}

interface MetadataAnswer {
  /** null: the broker has not learnt it yet. */
  readonly clusterId: string | null;
  readonly controllerId: number;
  readonly brokers: readonly { nodeId: number; host: string; port: number }[];
  readonly topicMetadata: readonly {
    topicErrorCode: number;
    topic: string;
    isInternal: boolean;
    partitionMetadata: readonly { partitionId: number; leader: number }[];
  }[];
}

const CONNECT_TIMEOUT_MS = 3000;
/** A broker that does not answer keeps a connection attempt waiting: the next one is tried beside it after so long. */
const NEXT_CANDIDATE_MS = 250;
/** Metadata is asked for anew after so long, though nobody called it stale: partitions may have been added. */
const METADATA_MAX_AGE_MS = 5 * 60_000;
/** Between two requests for the same topic's metadata. */
const METADATA_FLOOR_MS = 100;
const NO_LEADER = -1;
/** UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION */
const UNKNOWN_TOPIC: ReadonlySet<number> = new Set([3, 17]);

/** A place to connect to, with its shared connection. */
class Node {
  private connection: Connection | undefined;
  private connecting: Promise<Connection> | undefined;
  private failures = 0;
  /** Not before: a broker that refuses is not asked in a tight loop. */
  private notBefore = 0;

  constructor(
    readonly address: Address,
    private readonly credentials: Credentials,
    private readonly opened: Set<Connection>,
  ) {}

  get alive(): Connection | undefined {
    return this.connection?.alive ? this.connection : undefined;
  }

  get failing(): boolean {
    return this.failures > 0;
  }

  shared(): Promise<Connection> {
    const { alive } = this;
    if (alive) return Promise.resolve(alive);
    this.connecting ??= this.open()
      .then((connection) => {
        this.connection = connection;
        return connection;
      })
      .finally(() => {
        this.connecting = undefined;
      });
    return this.connecting;
  }

  async open(): Promise<Connection> {
    const waitMs = this.notBefore - performance.now();
    if (waitMs > 0) await pause(waitMs);
    for (const connection of this.opened) if (!connection.alive) this.opened.delete(connection);
    try {
      const connection = await connect(this.address, this.credentials, CONNECT_TIMEOUT_MS);
      this.failures = 0;
      this.opened.add(connection);
      return connection;
    } catch (error) {
      this.notBefore = performance.now() + backoffMs(this.failures++);
      throw error;
    }
  }
}

export class KafkaCluster implements Cluster {
  readonly prefix: string;
  readonly signal: AbortSignal;
  private readonly bootstrap: readonly Address[];
  /** By `host:port`. */
  private readonly nodes = new Map<string, Node>();
  private readonly addresses = new Map<number, Address>();
  private readonly metadata = new Map<string, TopicMetadata>();
  private readonly fetching = new Map<string, Promise<ReadonlyMap<number, number>>>();
  private readonly askedAt = new Map<string, number>();
  private readonly coordinators = new Map<string, Promise<number>>();
  private readonly opened = new Set<Connection>();
  private readonly ended = new AbortController();

  constructor(private readonly options: ClusterOptions) {
    this.prefix = options.prefix;
    this.signal = this.ended.signal;
    this.bootstrap = options.brokers.map(addressOf);
    if (this.bootstrap.length === 0) throw new RangeError('no broker address (host:port) is given');
  }

  async id(): Promise<string> {
    const { clusterId } = await this.ask('brokers');
    if (!clusterId) throw unavailable('the broker does not say which cluster it is of', undefined);
    return clusterId;
  }

  knownLeaders(topic: string): ReadonlyMap<number, number> | undefined {
    const known = this.metadata.get(topic);
    if (!known) return undefined;
    // What is old is still good enough to go on with while it is asked for anew.
    if (performance.now() - known.fetchedAt > METADATA_MAX_AGE_MS) this.fetchLeaders(topic).catch(() => {});
    return known.leaders;
  }

  leaders(topic: string): Promise<ReadonlyMap<number, number>> {
    const known = this.knownLeaders(topic);
    return known && !this.metadata.get(topic)?.isStale ? Promise.resolve(known) : this.fetchLeaders(topic);
  }

  stale(topic: string, partition?: number): void {
    const known = this.metadata.get(topic);
    if (!known) return;
    if (partition === undefined) this.metadata.delete(topic);
    else {
      const isForgotten = (known.leaders.get(partition) ?? NO_LEADER) === NO_LEADER;
      const leaders = isForgotten ? known.leaders : new Map(known.leaders).set(partition, NO_LEADER);
      this.metadata.set(topic, { ...known, leaders, isStale: true });
    }
  }

  async topics(): Promise<readonly string[]> {
    const { topicMetadata } = await this.ask([]);
    return topicMetadata.filter(({ isInternal }) => !isInternal).map(({ topic }) => topic);
  }

  coordinator(group: string): Promise<number> {
    const known = this.coordinators.get(group);
    if (known) return known;
    const finding = this.findCoordinator(group);
    this.coordinators.set(group, finding);
    finding.catch(() => {
      if (this.coordinators.get(group) === finding) this.coordinators.delete(group);
    });
    return finding;
  }

  staleCoordinator(group: string): void {
    this.coordinators.delete(group);
  }

  async control(node: number): Promise<Connection> {
    return this.guard((await this.nodeOf(node)).shared());
  }

  async dedicated(node: number): Promise<Connection> {
    return this.guard((await this.nodeOf(node)).open());
  }

  async controller(): Promise<Connection> {
    // Under KRaft it is any broker, which hands the request on; before, it was one of them.
    return this.control((await this.ask('brokers')).controllerId);
  }

  async anyControl(): Promise<Connection> {
    this.assertOpen();
    for (const node of this.nodes.values()) if (node.alive) return node.alive;
    const candidates = [...this.addresses.values(), ...this.bootstrap].map((address) => this.node(address));
    const order = [...new Set(candidates)].sort((a, b) => Number(a.failing) - Number(b.failing));
    return this.guard(firstOf(order));
  }

  async ping(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable(`no broker answered within ${timeoutMs} ms`, undefined)), timeoutMs);
    });
    await Promise.race([this.ask('brokers', timeoutMs), late]).finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    this.ended.abort();
    for (const connection of this.opened) connection.close();
    this.opened.clear();
  }

  private assertOpen(): void {
    if (this.signal.aborted) throw logClosed();
  }

  /** A connection that is ready after the end is closed again. */
  private async guard(opening: Promise<Connection>): Promise<Connection> {
    const connection = await opening;
    if (this.signal.aborted) {
      connection.close();
      throw logClosed();
    }
    return connection;
  }

  private node(address: Address): Node {
    const key = `${address.host}:${address.port}`;
    const known = this.nodes.get(key);
    if (known) return known;
    const node = new Node(address, this.options, this.opened);
    this.nodes.set(key, node);
    return node;
  }

  private async nodeOf(id: number): Promise<Node> {
    this.assertOpen();
    if (!this.addresses.has(id)) await this.ask('brokers');
    const address = this.addresses.get(id);
    if (!address) throw unavailable(`the cluster knows no broker ${id} at the moment`, undefined, { node: id });
    return this.node(address);
  }

  private fetchLeaders(topic: string): Promise<ReadonlyMap<number, number>> {
    const running = this.fetching.get(topic);
    if (running) return running;
    const fetching = this.fetchLeadersNow(topic).finally(() => this.fetching.delete(topic));
    this.fetching.set(topic, fetching);
    return fetching;
  }

  private async fetchLeadersNow(topic: string): Promise<ReadonlyMap<number, number>> {
    this.assertOpen();
    const waitMs = (this.askedAt.get(topic) ?? Number.NEGATIVE_INFINITY) + METADATA_FLOOR_MS - performance.now();
    if (waitMs > 0) await pause(waitMs, this.signal);
    this.askedAt.set(topic, performance.now());
    const { topicMetadata } = await this.ask([topic]);
    const found = topicMetadata.find((known) => known.topic === topic);
    if (!found || UNKNOWN_TOPIC.has(found.topicErrorCode)) {
      this.metadata.delete(topic);
      this.askedAt.delete(topic);
      throw unknownTopic(topic.slice(this.prefix.length));
    }
    if (found.topicErrorCode !== 0) {
      const error = new BrokerError(found.topicErrorCode);
      const tell = isRefusal(error) ? refused : unavailable;
      throw tell(`topic ${topic.slice(this.prefix.length)}`, error, { topic });
    }
    const leaders = new Map(
      [...found.partitionMetadata]
        .sort((a, b) => a.partitionId - b.partitionId)
        .map(({ partitionId, leader }) => [partitionId, leader]),
    );
    this.metadata.set(topic, { leaders, isStale: false, fetchedAt: performance.now() });
    return leaders;
  }

  /** Metadata of the topics; an empty list asks for all of them, `brokers` for none. */
  private async ask(topics: readonly string[] | 'brokers', timeoutMs?: number): Promise<MetadataAnswer> {
    const request: ApiRequest<MetadataAnswer> =
      topics === 'brokers'
        ? brokersRequest()
        : kafkajsRequest('Metadata', { topics, allowAutoTopicCreation: false }, { codes: 'keep' });
    const answer = await (await this.anyControl()).send(request, { timeoutMs });
    for (const { nodeId, host, port } of answer.brokers) this.addresses.set(nodeId, { host, port });
    return answer;
  }

  private async findCoordinator(group: string): Promise<number> {
    const request = kafkajsRequest<{ coordinator: Address & { nodeId: number } }>('GroupCoordinator', {
      groupId: group,
    });
    // The first group of a cluster waits until the brokers have made their topic of offsets.
    const { coordinator } = await patiently(this.signal, async () => (await this.anyControl()).send(request));
    this.addresses.set(coordinator.nodeId, coordinator);
    return coordinator.nodeId;
  }
}

/** kafkajs can ask for all topics or some; for the brokers alone it takes an empty list in a version that knows it. */
function brokersRequest(): ApiRequest<MetadataAnswer> {
  const request = kafkajsRequest<MetadataAnswer>(
    'Metadata',
    { topics: [], allowAutoTopicCreation: false },
    { codes: 'keep' },
  );
  return {
    name: request.name,
    exchange: (versions) => {
      const exchange = request.exchange(versions);
      const encode = async () => new Encoder().writeArray([]).writeBoolean(false);
      return { ...exchange, request: { ...exchange.request, encode } };
    },
  };
}

/** The first that can be reached; each is tried a while after the one before it, or at once when that one failed. */
async function firstOf(candidates: readonly Node[]): Promise<Connection> {
  const failures: unknown[] = [];
  return new Promise((resolve, reject) => {
    let started = 0;
    let done = false;
    const startNext = () => {
      const candidate = candidates[started];
      if (done || !candidate) return;
      started++;
      const timer = setTimeout(startNext, NEXT_CANDIDATE_MS);
      candidate.shared().then(
        (connection) => {
          clearTimeout(timer);
          done = true;
          resolve(connection);
        },
        (error: unknown) => {
          clearTimeout(timer);
          failures.push(error);
          if (failures.length < candidates.length) return startNext();
          done = true;
          // Were one of them merely away, the others would still not let us in.
          reject(
            failures.find((failure) => isLogError(failure, 'LOG_REFUSED')) ??
              unavailable('no broker can be reached', failures.at(-1)),
          );
        },
      );
    };
    startNext();
  });
}

/** @throws RangeError for what is no `host:port` */
function addressOf(broker: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(broker.trim());
  const host = match?.[1] ?? match?.[2];
  if (!host) throw new RangeError(`no broker address (host:port): ${broker}`);
  return { host, port: Number(match?.[3]) };
}
