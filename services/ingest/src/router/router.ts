import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Channel, CodecError, consumerGroups, sourceOfRawTopic, topics } from '@parley/contracts';
import { type GroupBatch, type GroupConsumer, isLogError, LogError, type LogRecord } from '@parley/log';
import { EventWriter, isUnavailable, Outage, type ServiceContext, Table } from '@parley/service-kit';
import { specsOfSource, topicsOfIngest } from '../topics';
import { ChannelDirectory, keysOfChannel } from './channel-directory';
import { DeadLetters } from './dead-letters';
import { RawDecoder } from './raw-decoder';
import {
  knowsChannelsOf,
  type MappedRecord,
  mapRecord,
  type Outcome,
  type Rejected,
  type RoutedEvent,
  routeRecord,
  staysParked,
} from './route';
import { type RawPlace, RouterState } from './state';

const { name: GROUP } = consumerGroups.router;
const BATCH_RECORDS = 200;
/** Batches, each of a partition, that share one round of appends and commits. */
const ROUND_BATCHES = 12;
/** Under load, rounds are at least so far apart: a few large ones leave the disk to the webhooks. */
const ROUND_MS = 25;
/** A round of so many records tells of load; after a smaller one, the next message does not wait. */
const LOAD_RECORDS = 16;
/** Events of one append: enough for the log to be busy, and no more memory than that. */
const APPEND_EVENTS = 2_000;
const WAIT_MS = 1_000;
const RETRY_MS = 200;

export type RouterContext = Pick<ServiceContext, 'config' | 'logger' | 'log' | 'registry'> &
  Partial<Pick<ServiceContext, 'onFatal'>>;

/** Sums since the last report. */
export interface RouterCounts {
  readonly records: number;
  readonly events: number;
  readonly deadLetters: number;
}

export interface RouterOptions {
  readonly onCounts?: (counts: RouterCounts) => void;
}

/**
 * Reads the raw topics as a member of a group, maps each record and appends what it says to the conversations' log.
 * Events first, then what the router remembers, then the group's position: a crash in between repeats what has been
 * done, and a repeated event changes nothing.
 */
export class Router {
  /** Rejects if the router can't go on. */
  readonly done: Promise<void>;
  private readonly decoder: RawDecoder;
  private readonly deadLetters: DeadLetters;
  private readonly channels: ChannelDirectory;
  private readonly toConnect = new Map<string, Channel>();
  private readonly toSubscribe = new Set<string>();
  private readonly outage: Outage;
  private rebuilt: ReadonlySet<string> = new Set();
  private waiting = new AbortController();
  private nextRoundAt = 0;
  private closing = false;

  private constructor(
    private readonly ctx: RouterContext,
    private readonly options: RouterOptions,
    private readonly tables: { readonly channels: Table<'Channel'>; readonly sources: Table<'Source'> },
    private readonly writer: EventWriter,
    private readonly state: RouterState,
    private readonly consumer: GroupConsumer,
  ) {
    this.outage = new Outage(ctx.logger, 'the router');
    this.decoder = new RawDecoder(ctx.registry);
    this.deadLetters = new DeadLetters(ctx.log, ctx.registry);
    this.channels = new ChannelDirectory(tables.channels, (channel) => this.connect(channel));
    for (const channel of this.channels.connected()) this.connect(channel);
    tables.sources.onChange((_, source) => {
      if (!source) return;
      this.toSubscribe.add(source.id);
      this.waiting.abort();
    });
    this.done = this.run();
  }

  /** @throws LOG_UNAVAILABLE, REGISTRY_UNAVAILABLE  retryable: nothing of the attempt stays open */
  static async open(ctx: RouterContext, options: RouterOptions = {}): Promise<Router> {
    const opened: { close(): Promise<void> }[] = [];
    const keep = <T extends { close(): Promise<void> }>(part: T): T => {
      opened.push(part);
      return part;
    };
    try {
      return await Router.assemble(ctx, options, keep);
    } catch (error) {
      for (const part of opened.reverse()) await part.close();
      throw error;
    }
  }

  private static async assemble(
    ctx: RouterContext,
    options: RouterOptions,
    keep: <T extends { close(): Promise<void> }>(part: T) => T,
  ): Promise<Router> {
    const { log, registry, config } = ctx;
    await log.ensureTopics(topicsOfIngest(config.partitions));
    const channels = keep(await Table.open(ctx, topics.channels));
    const sources = keep(await Table.open(ctx, topics.sources));
    const names = new Set([...sources.values()].map((source) => source.id));
    // A source that is gone may have left requests behind.
    for (const topic of await log.topics()) {
      const name = sourceOfRawTopic(topic);
      if (name !== undefined) names.add(name);
    }
    await log.ensureTopics([...names].flatMap((name) => specsOfSource(name, config.partitions)));
    const raw = (await log.topics()).filter((topic) => sourceOfRawTopic(topic) !== undefined);
    const writer = await EventWriter.open(log, registry);
    const dir = join(config.dataDir, 'ingest', 'router');
    const state = keep(RouterState.open({ dir, log: await log.identity(), logger: ctx.logger }));
    const consumer = await log.consumer({ group: GROUP, topics: raw, maxRecords: BATCH_RECORDS });
    return new Router(ctx, options, { channels, sources }, writer, state, consumer);
  }

  /** Finishes the batch under way and leaves the group. */
  async close(): Promise<void> {
    this.closing = true;
    this.waiting.abort();
    await this.done.catch(() => undefined);
    this.channels.close();
    await this.consumer.close();
    await Promise.all([this.tables.channels.close(), this.tables.sources.close()]);
    await this.state.close();
  }

  private async run(): Promise<void> {
    while (!this.closing) {
      const batches = await this.retrying(async () => {
        this.waiting = new AbortController();
        await this.subscribeNew();
        await this.rebuildAssigned();
        await this.routeParked();
        return this.gather();
      });
      if (!batches) continue;
      if (batches.length === 0) {
        this.outage.isQuiet();
        continue;
      }
      await this.retrying(() => this.routeBatches(batches));
      if (!this.closing) this.outage.isOver();
    }
  }

  /** What there is now, of several partitions; waits for the first. */
  private async gather(): Promise<readonly GroupBatch[]> {
    const early = this.nextRoundAt - performance.now();
    if (early > 0) await delay(early);
    // A change that came meanwhile has aborted the wait.
    const first = await this.consumer.next({ maxWaitMs: WAIT_MS, signal: this.waiting.signal });
    const batches: GroupBatch[] = [];
    for (let batch = first; batch; batch = await this.nextAtHand()) {
      batches.push(batch);
      if (batches.length === ROUND_BATCHES) break;
    }
    return batches;
  }

  /** A log that does not answer now must not take along the batches that it gave: it will be asked again. */
  private nextAtHand(): Promise<GroupBatch | undefined> {
    return this.consumer.next().catch((error: unknown) => {
      if (isLogError(error) && error.retryable) return undefined;
      throw error;
    });
  }

  /** A batch that was handed out is not handed out again: it is tried until log and registry take it. */
  private async retrying<T>(step: () => Promise<T>): Promise<T | undefined> {
    while (!this.closing) {
      try {
        return await step();
      } catch (error) {
        if (isLogError(error, 'FENCED')) return undefined;
        if (!isUnavailable(error)) throw error;
        this.outage.goesOn(error);
        await delay(RETRY_MS);
      }
    }
    return undefined;
  }

  private connect(channel: Channel): void {
    this.toConnect.set(channel.id, channel);
    this.waiting.abort();
  }

  private async subscribeNew(): Promise<void> {
    if (!this.toSubscribe.size) return;
    const names = [...this.toSubscribe];
    const specs = names.flatMap((name) => specsOfSource(name, this.ctx.config.partitions));
    await this.ctx.log.ensureTopics(specs);
    await this.consumer.subscribe(specs.map(({ name }) => name).filter((name) => sourceOfRawTopic(name) !== undefined));
    for (const name of names) this.toSubscribe.delete(name);
  }

  private async routeBatches(batches: readonly GroupBatch[]): Promise<void> {
    // A partition was another member's meanwhile, or what we knew of it is lost.
    for (const { topic, partition, records } of batches) {
      if (records[0]) await this.rebuild(topic, partition, records[0].offset);
    }
    const outcome = this.nothingYet();
    const mapped: MappedRecord[] = [];
    for (const { topic, records } of batches) mapped.push(...(await this.map(topic, records, outcome.rejected)));
    if (!knowsChannelsOf(mapped, this.channels)) await this.channels.sync();
    // What is parked for a channel came before these. Nothing may be awaited between the last look and their routing.
    while (this.toConnect.size) {
      if (this.closing) return;
      await this.routeParked();
    }
    for (const record of mapped) routeRecord(record, this.channels, { kind: 'all' }, outcome);
    await this.append(outcome);
    await this.state.commit(outcome.draft, batches);
    for (const batch of batches) await commitUnlessFenced(batch);
    const records = batches.reduce((sum, batch) => sum + batch.records.length, 0);
    this.nextRoundAt = records < LOAD_RECORDS ? 0 : performance.now() + ROUND_MS;
    this.report(records, outcome);
  }

  private nothingYet(): Outcome {
    return { events: [], rejected: [], draft: this.state.draft() };
  }

  private report(records: number, { events, rejected }: Outcome): void {
    this.options.onCounts?.({ records, events: events.length, deadLetters: rejected.length });
  }

  /** @param rejected takes those that can't be decoded; absent if they have been dealt with before */
  private async map(
    topic: string,
    records: readonly LogRecord[],
    rejected?: Rejected[],
  ): Promise<readonly MappedRecord[]> {
    const mapped: MappedRecord[] = [];
    for (const record of records) {
      const { partition, offset } = record;
      const decoded = await this.decoder.decode(record);
      if (decoded.ok) mapped.push(mapRecord({ topic, partition, offset }, record, decoded.raw));
      else rejected?.push({ topic, record, path: '', ...decoded });
    }
    return mapped;
  }

  /** Resolves when all that the outcome says is on the log. */
  private async append(outcome: Outcome): Promise<void> {
    for (let from = 0; from < outcome.events.length; from += APPEND_EVENTS) {
      await this.appendEvents(outcome.events.slice(from, from + APPEND_EVENTS), outcome);
    }
    await this.deadLetters.append(outcome.rejected);
  }

  private async appendEvents(events: readonly RoutedEvent[], outcome: Outcome): Promise<void> {
    try {
      await this.writer.append(events.map(({ event }) => event));
    } catch (error) {
      const [only] = events;
      const code = poisonCode(error);
      if (code === undefined || !only) throw error;
      // One event that the log won't have must not take the others along.
      if (events.length === 1) {
        const { topic, record, path } = only;
        outcome.rejected.push({
          topic,
          record,
          path,
          reason: code,
          detail: `its ${only.event.type} can not be appended`,
        });
        return;
      }
      for (const event of events) await this.appendEvents([event], outcome);
    }
  }

  /** Routes what waited for the channels that have been connected since. */
  private async routeParked(): Promise<void> {
    for (const channel of [...this.toConnect.values()]) {
      for (const key of keysOfChannel(channel)) {
        for (const place of this.state.parkedFor(key)) {
          if (this.closing) return;
          // The rest stays parked for the next time.
          if (!this.channels.find({ by: 'id', channelId: channel.id })) break;
          await this.routePlace(key, place, channel);
        }
      }
      // Unless it changed again meanwhile.
      if (this.toConnect.get(channel.id) === channel) this.toConnect.delete(channel.id);
    }
  }

  private async routePlace(key: string, place: RawPlace, channel: Channel): Promise<void> {
    const record = await this.recordAt(place);
    const outcome = this.nothingYet();
    const [mapped] = await this.map(place.topic, record ? [record] : []);
    if (mapped) {
      if (staysParked(mapped, key, channel, this.channels)) return;
      routeRecord(mapped, this.channels, { kind: 'parked', channel }, outcome);
    }
    await this.append(outcome);
    outcome.draft.unpark(key, place);
    await this.state.commit(outcome.draft, []);
    this.report(0, outcome);
  }

  /**
   * Undefined if the log does not hold it any more.
   * @throws LOG_UNAVAILABLE (retryable) if it does, and does not give it now
   */
  private async recordAt({ topic, partition, offset }: RawPlace): Promise<LogRecord | undefined> {
    const reader = await this.ctx.log.reader(topic, new Map([[partition, offset]]));
    try {
      const batch = await reader.next({ maxRecords: 1, maxWaitMs: WAIT_MS });
      if (!batch && ((await this.ctx.log.ends(topic)).get(partition) ?? 0) > offset) {
        throw new LogError('LOG_UNAVAILABLE', `${topic}/${partition}: the parked record at ${offset} does not come`);
      }
      const record = batch?.records[0];
      return record?.offset === offset ? record : undefined;
    } catch (error) {
      if (!isLogError(error, 'OFFSET_OUT_OF_RANGE')) throw error;
      this.ctx.logger.warn({ topic, partition, offset }, 'a parked record is gone');
      return undefined;
    } finally {
      await reader.close();
    }
  }

  /** Partitions that came to us: what others did with them meanwhile has to be known before anything is decided. */
  private async rebuildAssigned(): Promise<void> {
    const now = new Set<string>();
    for (const [topic, partitions] of this.consumer.assignment()) {
      for (const partition of partitions) now.add(`${topic} ${partition}`);
      if (partitions.every((partition) => this.rebuilt.has(`${topic} ${partition}`))) continue;
      const committed = await this.ctx.log.committed(GROUP, topic);
      for (const partition of partitions) await this.rebuild(topic, partition, committed.get(partition) ?? 0);
    }
    this.rebuilt = now;
  }

  /** Makes again what is to be remembered of records before an offset, which have been routed already. */
  private async rebuild(topic: string, partition: number, upTo: number): Promise<void> {
    let position = this.state.position(topic, partition);
    if (position >= upTo) return;
    const start = (await this.ctx.log.describe(topic))?.offsets.find((o) => o.partition === partition)?.start ?? 0;
    position = Math.max(position, start);
    if (position >= upTo) return;
    const from = position;
    const reader = await this.ctx.log.reader(topic, new Map([[partition, position]]));
    try {
      while (position < upTo && !this.closing) {
        const batch = await reader.next({ maxRecords: BATCH_RECORDS, maxWaitMs: WAIT_MS });
        if (!batch) continue;
        const records = batch.records.filter((record) => record.offset < upTo);
        const outcome = this.nothingYet();
        const mapped = await this.map(topic, records);
        if (!knowsChannelsOf(mapped, this.channels)) await this.channels.sync();
        for (const record of mapped) routeRecord(record, this.channels, { kind: 'rebuild' }, outcome);
        await this.append(outcome);
        position = Math.min(batch.next, upTo);
        await this.state.commit(outcome.draft, [{ topic, partition, next: position }]);
      }
    } finally {
      await reader.close();
    }
    // Not before: while registry or log are away, this is tried over and over.
    this.ctx.logger.info({ topic, partition, from, to: position }, 'the router’s state was made again');
  }
}

/** A partition that went to another member is routed again by that one: a repetition, and no harm. */
async function commitUnlessFenced(batch: GroupBatch): Promise<void> {
  try {
    await batch.commit();
  } catch (error) {
    if (!isLogError(error, 'FENCED')) throw error;
  }
}

/** The code of an error that is the record's own fault; undefined where another try may help. */
function poisonCode(error: unknown): string | undefined {
  if (error instanceof CodecError) return error.code;
  return isLogError(error, 'RECORD_TOO_LARGE') ? error.code : undefined;
}
