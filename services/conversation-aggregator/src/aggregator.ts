import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Codec,
  type ConversationEventName,
  conversationDeadLetters,
  type SchemaRegistry,
  topicSpec,
  topics,
} from '@parley/contracts';
import { isLogError, type Log } from '@parley/log';
import type { PartitionPosition } from '@parley/query';
import { type Config, ConfigError, type Readiness } from '@parley/service-kit';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { type AggregatorMetrics, aggregatorMetrics } from './metrics';
import { Outages } from './outages';
import { Follower } from './partition/follower';
import type { Generation } from './partition/generation';
import { Governor } from './partition/governor';
import { unfittingPartitions } from './partition/unfitting';
import { Waiters } from './partition/waiters';
import { Watch } from './partition/watch';
import { Changelog } from './publish/changelog';
import { DeadLetters } from './publish/dead-letters';
import { Outbox } from './publish/outbox';
import { Refused, type Shown } from './query/admission';
import { REDUCER_VERSION } from './reducer-version';
import { StoreError, type StoreMarker, storeLayout } from './store/environment';
import { condemn, openGenerations, removeGeneration } from './store/generations';

/** Outage as operators see it. */
const PREPARING = 'log and schema registry (preparing)';
const OUT_OF_RANGE_PAUSE_MS = 1_000;

export interface AggregatorOptions {
  readonly log: Log;
  readonly registry: SchemaRegistry;
  /** Folder of the states; instances with other partitions or another ordinal keep theirs apart below it. */
  readonly dir: string;
  /** Partitions that the topics get if they are to be made. */
  readonly partitions: number;
  readonly settings: Config['aggregator'];
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Told of what this instance can't go on after; it is to be started again. */
  readonly onFatal: (error: unknown) => void;
  /** Version of the reducer; another one rebuilds. */
  readonly reducer?: string;
}

/** What follows one generation. */
interface Follow {
  readonly generation: Generation;
  readonly followers: Set<Follower>;
  changelog: Changelog | undefined;
}

/**
 * Folds the conversation log into states and an index, and keeps them so. A rebuild runs beside the generation that
 * serves, and replaces it once it has caught up.
 */
export class Aggregator implements Shown {
  readonly governor = new Governor();
  readonly waiters = new Waiters();
  private readonly watch: Watch;
  private readonly stopping = new AbortController();
  private readonly refused = new Map<number, string>();
  private readonly startEnds = new Map<number, number>();
  private serving: Follow | undefined;
  private building: Follow | undefined;
  private isCaughtUp = false;
  private starting: Promise<void> | undefined;

  private constructor(
    private readonly options: AggregatorOptions,
    readonly served: readonly number[],
    private readonly topic: Pick<StoreMarker, 'log' | 'partitions'>,
    private readonly codec: Codec<ConversationEventName>,
    private readonly deadLetters: DeadLetters,
    private readonly outbox: Outbox | null,
    private readonly outages: Outages,
    private readonly metrics: AggregatorMetrics,
  ) {
    const position = (partition: number) => this.shown?.published(partition) ?? 0;
    this.watch = new Watch({ log: options.log, outages, position });
  }

  /** Resolves as soon as the work has begun; `ready` tells when it has caught up. @throws ConfigError */
  static async open(options: AggregatorOptions): Promise<Aggregator> {
    const { log, registry, settings, partitions, logger } = options;
    const specs = [topics.conversationEvents, topics.conversations, conversationDeadLetters];
    await log.ensureTopics(specs.map((topic) => topicSpec(topic, partitions)));
    const all = [...(await log.ends(topics.conversationEvents.name)).keys()].sort((a, b) => a - b);
    const served = settings.partitions ?? all;
    const missing = served.filter((partition) => !all.includes(partition));
    if (missing.length > 0)
      throw new ConfigError([`AGGREGATOR_PARTITIONS: the topic has no partition ${missing.join(', ')}`]);

    const codec = await Codec.open(topics.conversationEvents, registry);
    const letterCodec = await Codec.open(conversationDeadLetters, registry);
    const identity = await log.identity();
    // From here on nothing is waited for: an opening that fails is tried again from its begin.
    const outbox =
      settings.replica === 0 ? new Outbox({ dir: join(instanceDir(options), 'outbox'), log: identity, logger }) : null;
    const outages = new Outages(logger);
    const metrics = aggregatorMetrics(options.metrics, {
      positions: () => aggregator.positions(),
      ageMs: (partition) => aggregator.freshness.ageMs(partition),
    });
    const { deadLetters: counter } = metrics;
    const deadLetters = new DeadLetters({ log, codec: letterCodec, outbox, outages, counter, logger });
    const topic = { log: identity, partitions: all.length };
    const aggregator = new Aggregator(options, served, topic, codec, deadLetters, outbox, outages, metrics);
    aggregator.starting = aggregator.start().catch((error) => aggregator.fail(error));
    return aggregator;
  }

  /** The generation that queries are answered from; undefined until it has caught up once. */
  get shown(): Generation | undefined {
    return this.isCaughtUp ? this.serving?.generation : undefined;
  }

  get freshness() {
    return this.watch.freshness;
  }

  /** @throws Refused  the partition is not served; AppError UNAVAILABLE  this instance stops */
  async awaitApplied(partition: number, offset: number, maxWaitMs: number): Promise<boolean> {
    if (!this.served.includes(partition) || this.refused.has(partition)) throw new Refused('not-served', [partition]);
    if ((this.shown?.published(partition) ?? 0) > offset) return true;
    return this.waiters.wait(partition, offset, maxWaitMs);
  }

  positions(): readonly PartitionPosition[] {
    const { serving, freshness } = this;
    return this.served
      .filter((partition) => !this.refused.has(partition))
      .map((partition) => {
        // Before it answers anything nothing is put into the index: how far it is tells the states' own position.
        const applied =
          (this.isCaughtUp ? serving?.generation.published(partition) : serving?.generation.newest(partition)) ?? 0;
        const end = Math.max(applied, freshness.end(partition), this.startEnds.get(partition) ?? 0);
        return { partition, applied, end, inTouch: freshness.isInTouch(partition) };
      });
  }

  ready(): Readiness {
    const positions = this.positions().map((position) => ({ ...position, lag: position.end - position.applied }));
    return {
      ready: this.isCaughtUp && this.refused.size === 0,
      detail: {
        positions,
        refused: Object.fromEntries(this.refused),
        rebuilding: this.building !== undefined,
        waitingFor: this.outages.current(),
      },
    };
  }

  async close(): Promise<void> {
    if (this.isClosing) return;
    this.stopping.abort();
    this.waiters.close();
    await this.watch.stop();
    await this.starting;
    for (const follow of [this.serving, this.building]) if (follow) await this.end(follow);
    await this.outbox?.close();
  }

  private get isClosing(): boolean {
    return this.stopping.signal.aborted;
  }

  private async start(): Promise<void> {
    const { log, logger } = this.options;
    const ends = await this.persist(() => log.ends(topics.conversationEvents.name));
    for (const [partition, end] of ends) this.startEnds.set(partition, end);
    const { current, former } = await this.openLoaded();
    if (this.isClosing) {
      await Promise.all([current.store.abandon(), former?.store.abandon()]);
      return;
    }
    if (former) {
      logger.info({ dir: current.dir }, 'the states are rebuilt; the former ones serve until then');
      this.building = this.follow(current);
      this.serving = this.follow(former);
    } else {
      this.serving = this.follow(current);
    }
    await this.publishFrom(this.serving);
    for (const follow of [this.serving, this.building]) {
      if (follow) this.run(follow, [...follow.generation.partitions.keys()]);
    }
    this.afterPublication();
  }

  /** A store whose rows can't be read is rebuilt like one that can't be opened. */
  private async openLoaded(): Promise<{ current: Generation; former: Generation | undefined }> {
    const opened = await openGenerations({
      dir: join(instanceDir(this.options), 'state'),
      marker: { layout: storeLayout, reducer: this.options.reducer ?? REDUCER_VERSION, ...this.topic },
      served: this.served,
      logger: this.options.logger,
    });
    for (const generation of [opened.former, opened.current]) {
      if (!generation) continue;
      await this.refuseUnfitting(generation);
      try {
        await generation.load(this.governor);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        condemn(generation);
        await Promise.all([opened.current.store.abandon(), opened.former?.store.abandon()]);
        return this.openLoaded();
      }
    }
    return opened;
  }

  /** A position that the log does not hold, or not of these states, is never skipped over: an operator has to look. */
  private async refuseUnfitting(generation: Generation): Promise<void> {
    const { log, logger } = this.options;
    const { signal } = this.stopping;
    for (const { partition, reason } of await this.persist(() => unfittingPartitions(log, generation, signal))) {
      logger.fatal({ partition, reason }, 'partition refused: its states and the log don’t fit');
      this.refused.set(partition, reason);
      generation.refuse(partition);
    }
  }

  private follow(generation: Generation): Follow {
    const follow: Follow = { generation, followers: new Set(), changelog: undefined };
    generation.onPublished = (partition, position, changed) => {
      follow.changelog?.changed(partition, position, changed);
      if (follow === this.serving && this.isCaughtUp) {
        this.waiters.reached(partition, position);
        this.freshness.reached(partition, position);
      }
      this.afterPublication();
    };
    return follow;
  }

  private run(follow: Follow, partitions: readonly number[]): void {
    const { log } = this.options;
    const { generation } = follow;
    const follower = new Follower({
      log,
      codec: this.codec,
      generation,
      partitions,
      governor: this.governor,
      deadLetters: this.deadLetters,
      isAwaited: (partition) => generation === this.serving?.generation && this.waiters.any(partition),
      isServing: () => this.isCaughtUp,
      isShown: () => generation === this.shown,
      outages: this.outages,
      onRecords: (count) => this.metrics.records.inc(count),
      onLeft: (left) => this.run(follow, left),
    });
    follow.followers.add(follower);
    follower
      .run()
      .catch((error: unknown) => this.goOn(follow, follower, error))
      .catch((error: unknown) => this.fail(error, generation));
  }

  /** A partition that the log does not hold any more must not stop those that were read with it. */
  private async goOn(follow: Follow, follower: Follower, error: unknown): Promise<void> {
    if (this.isClosing || (follow !== this.serving && follow !== this.building)) return;
    if (!isLogError(error, 'OFFSET_OUT_OF_RANGE')) throw error;
    follow.followers.delete(follower);
    const before = this.refused.size;
    await this.refuseUnfitting(follow.generation);
    // By the log's own account it holds the position: a leader that was elected just now may not know yet.
    if (this.refused.size === before) await this.pause(OUT_OF_RANGE_PAUSE_MS);
    if (this.isClosing) return;
    this.run(
      follow,
      follower.partitions.filter((partition) => follow.generation.partition(partition)),
    );
  }

  private async publishFrom(follow: Follow): Promise<void> {
    const { outbox } = this;
    if (!outbox) return;
    const { log, registry, logger } = this.options;
    const { generation } = follow;
    const { outages } = this;
    const codec = await this.persist(() => Codec.open(topics.conversations, registry));
    follow.changelog = new Changelog({ log, codec, outbox, generation, outages, logger });
    if (this.isCaughtUp) this.runChangelog(follow);
  }

  /** Not before the states have caught up: a state that the next events replace need not be published. */
  private runChangelog({ changelog }: Follow): void {
    changelog?.run().catch((error) => this.fail(error));
  }

  private afterPublication(): void {
    const { serving, building } = this;
    if (serving && !this.isCaughtUp && this.hasReached(serving.generation, (p) => this.startEnds.get(p) ?? 0)) {
      this.isCaughtUp = true;
      this.options.logger.info({ positions: this.positions() }, 'caught up');
      void serving.generation.store.markComplete();
      this.runChangelog(serving);
      for (const partition of serving.generation.partitions.keys()) {
        this.waiters.reached(partition, serving.generation.published(partition));
      }
    }
    if (serving && building && this.isCaughtUp && !this.isClosing) {
      if (this.hasReached(building.generation, (p) => serving.generation.published(p))) this.swap(serving, building);
    }
  }

  private hasReached(generation: Generation, target: (partition: number) => number): boolean {
    return [...generation.partitions.keys()].every((p) => generation.published(p) >= target(p));
  }

  /** From one call to the next queries are answered by the rebuilt generation. */
  private swap(former: Follow, rebuilt: Follow): void {
    this.serving = rebuilt;
    this.building = undefined;
    // What was refused for the former states' position is served again, unless the rebuilt ones don't fit either.
    for (const partition of [...this.refused.keys()]) {
      if (rebuilt.generation.partition(partition)) this.refused.delete(partition);
    }
    this.options.logger.info({ dir: rebuilt.generation.dir }, 'the rebuilt states serve');
    const finish = async () => {
      await this.end(former);
      await rebuilt.generation.store.flush();
      await rebuilt.generation.store.markComplete();
      removeGeneration(former.generation);
      if (!this.isClosing) await this.publishFrom(rebuilt);
    };
    this.starting = finish().catch((error) => this.fail(error));
  }

  private async end(follow: Follow): Promise<void> {
    await follow.changelog?.stop();
    for (const follower of follow.followers) await follower.stop();
    await follow.generation.store.close();
  }

  /** Waits for what does not answer; when closing it throws, and nobody looks at that. */
  private persist<T>(call: () => Promise<T>): Promise<T> {
    return this.outages.persist(PREPARING, call, this.stopping.signal);
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  private fail(error: unknown, generation?: Generation): void {
    if (this.isClosing) return;
    if (error instanceof StoreError && generation) condemn(generation);
    this.options.onFatal(error);
  }
}

function instanceDir({ dir, settings }: AggregatorOptions): string {
  return join(dir, `${settings.partitions?.join('_') ?? 'all'}.${settings.replica}`);
}
