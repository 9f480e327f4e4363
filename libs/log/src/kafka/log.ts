import type { Logger } from 'pino';
import { isLogError } from '../errors';
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
import { KafkaCluster } from './cluster';
import { committed, lag, resetOffsets } from './commits';
import { KafkaConsumer } from './consumer';
import { logClosed, unknownTopic } from './errors';
import { InstanceIds } from './instance-ids';
import { listOffsets } from './offsets';
import { patiently } from './patience';
import { Producer, type ProducerOptions } from './producer';
import { KafkaReader } from './reader';
import { describe, ensureTopics, isTopicName } from './topics';

export interface KafkaLogOptions extends ProducerOptions {
  /** `host:port` of some brokers of the cluster; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** Names the client in the brokers' logs and quotas. */
  readonly clientId: string;
  /**
   * Name of this process among the members of its groups, the same after a restart: it then takes its partitions back
   * at once. No two living processes of a group may share it.
   */
  readonly instanceId?: string;
  /** Stands before the names of topics and groups on the brokers, so that installations can share a cluster. */
  readonly prefix?: string;
  /** PEM texts. An empty object: TLS with the public authorities. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
  /** Of topics that are made; null or unset: the brokers' default. */
  readonly replicationFactor?: number | null;
  readonly logger: Logger;
}

/** How long `check` believes its last answer, and how long it waits for one. Milliseconds. */
const CHECK_KEPT_MS = 1000;
const CHECK_TIMEOUT_MS = 2000;

/**
 * The log on Apache Kafka. Connects at the first call. While no broker can be reached each call fails with
 * LOG_UNAVAILABLE, within seconds, and works again by itself.
 * @throws RangeError  no address of a broker
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<Log> {
  const { brokers, clientId, prefix = '', tls = null, sasl = null, logger } = options;
  const cluster = new KafkaCluster({ brokers, clientId, prefix, tls, sasl, logger });
  return new KafkaLog(cluster, options);
}

class KafkaLog implements Log {
  private readonly producer: Producer;
  private readonly instanceIds: InstanceIds;
  private readonly readers = new Set<LogReader>();
  private readonly consumers = new Set<GroupConsumer>();
  private checking: Promise<void> | undefined;
  private checkedAt = Number.NEGATIVE_INFINITY;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly cluster: KafkaCluster,
    private readonly options: KafkaLogOptions,
  ) {
    this.producer = new Producer(cluster, options);
    this.instanceIds = new InstanceIds(options.instanceId ?? null);
  }

  async identity(): Promise<string> {
    this.assertOpen();
    const { cluster } = this;
    return `${await patiently(cluster.signal, () => cluster.id())}/${cluster.prefix}`;
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.assertOpen();
    await ensureTopics(this.cluster, specs, this.options.replicationFactor ?? null);
  }

  async describe(name: string): Promise<TopicDescription | undefined> {
    this.assertOpen();
    if (!isTopicName(name, this.cluster.prefix)) return undefined;
    return describe(this.cluster, name).catch((error: unknown) => {
      if (isLogError(error, 'UNKNOWN_TOPIC')) return undefined;
      throw error;
    });
  }

  async topics(): Promise<readonly string[]> {
    this.assertOpen();
    const { prefix } = this.cluster;
    const all = await patiently(this.cluster.signal, () => this.cluster.topics());
    return all
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
      .sort();
  }

  async append(name: string, records: readonly NewRecord[]): Promise<readonly Position[]> {
    this.assertNamed(name);
    if (records.length > 0) return this.producer.append(name, records);
    await this.partitions(name);
    return [];
  }

  async partitionFor(name: string, key: string): Promise<number> {
    return partitionOf(key, await this.partitions(name));
  }

  async reader(name: string, from: ReadonlyMap<number, From> | From): Promise<LogReader> {
    this.assertNamed(name);
    const { cluster, options } = this;
    const reader = await patiently(cluster.signal, () =>
      KafkaReader.open(name, from, {
        cluster,
        logger: options.logger,
        onClose: (closed) => this.readers.delete(closed),
      }),
    );
    return this.kept(reader, this.readers);
  }

  async offsetsAt(name: string, timestamp: number): Promise<ReadonlyMap<number, Offset>> {
    this.assertNamed(name);
    return listOffsets(this.cluster, this.cluster.prefix + name, { timestamp });
  }

  async ends(name: string): Promise<ReadonlyMap<number, Offset>> {
    this.assertNamed(name);
    return listOffsets(this.cluster, this.cluster.prefix + name, 'end');
  }

  async consumer(options: GroupOptions): Promise<GroupConsumer> {
    this.assertOpen();
    for (const topic of options.topics) this.assertNamed(topic);
    const { cluster, instanceIds } = this;
    const consumer = await KafkaConsumer.join(options, {
      cluster,
      instanceIds,
      logger: this.options.logger,
      onClose: (closed) => this.consumers.delete(closed),
    });
    return this.kept(consumer, this.consumers);
  }

  async committed(group: string, name: string): Promise<ReadonlyMap<number, Offset>> {
    this.assertNamed(name);
    return committed(this.cluster, group, name);
  }

  async resetOffsets(group: string, name: string, offsets: ReadonlyMap<number, Offset>): Promise<void> {
    this.assertNamed(name);
    await resetOffsets(this.cluster, group, name, offsets);
  }

  async lag(group: string): Promise<readonly GroupLag[]> {
    this.assertOpen();
    return lag(this.cluster, group);
  }

  /** The brokers compact and remove by themselves. */
  async maintain(): Promise<{ readonly removed: number }> {
    this.assertOpen();
    return { removed: 0 };
  }

  async check(): Promise<void> {
    this.assertOpen();
    if (performance.now() - this.checkedAt < CHECK_KEPT_MS) return;
    this.checking ??= this.cluster
      .ping(CHECK_TIMEOUT_MS)
      .then(() => {
        this.checkedAt = performance.now();
      })
      .finally(() => {
        this.checking = undefined;
      });
    await this.checking;
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await Promise.all([...this.readers, ...this.consumers].map((open) => open.close()));
    await this.producer.close();
    await this.cluster.close();
  }

  private async partitions(name: string): Promise<number> {
    this.assertNamed(name);
    const { cluster } = this;
    return (await patiently(cluster.signal, () => cluster.leaders(cluster.prefix + name))).size;
  }

  /** What was opened while the log was being closed is closed too. */
  private async kept<T extends { close(): Promise<void> }>(opened: T, open: Set<T>): Promise<T> {
    if (this.closing) {
      await opened.close();
      throw logClosed();
    }
    open.add(opened);
    return opened;
  }

  /** @throws UNKNOWN_TOPIC for what no topic can be called */
  private assertNamed(name: string): void {
    this.assertOpen();
    if (!isTopicName(name, this.cluster.prefix)) throw unknownTopic(name);
  }

  private assertOpen(): void {
    if (this.closing) throw logClosed();
  }
}
