import { setTimeout as sleep } from 'node:timers/promises';
import {
  Codec,
  CodecError,
  type ConsumerGroupName,
  type ConversationEvent,
  type ConversationEventName,
  isRegistryError,
  type SchemaRegistry,
  topics,
} from '@parley/contracts';
import { type GroupBatch, type GroupConsumer, isLogError, type Log, type LogRecord } from '@parley/log';
import { isUnavailable, Outage } from '@parley/service-kit';
import type { Logger } from 'pino';

const WAIT_MS = 5_000;
const RETRY_MS = 200;

export interface FeedContext {
  readonly log: Log;
  readonly registry: SchemaRegistry;
  readonly logger: Logger;
}

export interface FeedOptions {
  readonly group: ConsumerGroupName;
  /**
   * Starts what an event asks for and resolves when it is done for good; undefined where it asks for nothing. A
   * rejection leaves the event for the next start. Repeated events must be harmless.
   */
  readonly handle: (event: ConversationEvent, at: LogRecord) => Promise<void> | undefined;
  /** Reading stops while so many events are under way. */
  readonly inFlightMax: number;
}

/**
 * Consumes the conversation log in a group. Events are handled side by side, so that a slow one holds up no other;
 * a position is committed once everything before it is done.
 */
export class EventFeed {
  private readonly stopping = new AbortController();
  /** By partition: resolves when its last batch read so far is done, and whether all went through. */
  private readonly commits = new Map<number, Promise<boolean>>();
  private readonly inFlight = new Set<Promise<unknown>>();
  private onRoom: () => void = () => {};
  private readonly outage: Outage;
  private failure: Error | undefined;
  private running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly ctx: FeedContext,
    private readonly options: FeedOptions,
    private readonly codec: Codec<ConversationEventName>,
    private readonly consumer: GroupConsumer,
  ) {
    this.outage = new Outage(ctx.logger, `the feed of ${options.group}`);
  }

  /** The topic must exist. A group that never committed starts with the first event. */
  static async open(ctx: FeedContext, options: FeedOptions): Promise<EventFeed> {
    const codec = await Codec.open(topics.conversationEvents, ctx.registry);
    const consumer = await ctx.log.consumer({ group: options.group, topics: [topics.conversationEvents.name] });
    const feed = new EventFeed(ctx, options, codec, consumer);
    feed.running = feed.follow();
    return feed;
  }

  /** Why it reads no more; undefined while it does. */
  get failed(): Error | undefined {
    return this.failure;
  }

  /** Waits for what is under way; the caller makes that end soon. */
  async close(): Promise<void> {
    this.stopping.abort();
    this.onRoom();
    await this.running;
    await Promise.allSettled([...this.inFlight]);
    await Promise.all(this.commits.values());
    await this.consumer.close();
  }

  private async follow(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        if (this.inFlight.size >= this.options.inFlightMax) await this.roomAgain();
        const batch = await this.consumer.next({ maxWaitMs: WAIT_MS, signal: this.stopping.signal });
        if (batch) {
          this.outage.isOver();
          await this.take(batch);
        } else this.outage.isQuiet();
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        if (!isUnavailable(error)) {
          this.failure = error as Error;
          this.ctx.logger.error({ err: error, group: this.options.group }, 'the conversation log can not be read on');
          return;
        }
        this.outage.goesOn(error);
        await sleep(RETRY_MS);
      }
    }
  }

  /** Resolves when fewer events are under way, or when closing. */
  private roomAgain(): Promise<void> {
    if (this.stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.onRoom = resolve;
    });
  }

  private async take(batch: GroupBatch): Promise<void> {
    const jobs: Promise<boolean>[] = [];
    for (const record of batch.records) {
      const event = await this.decode(batch, record);
      const job = event && this.options.handle(event, record);
      if (job) jobs.push(this.track(job));
    }
    const before = this.commits.get(batch.partition) ?? Promise.resolve(true);
    this.commits.set(batch.partition, this.commitAfter(batch, [before, ...jobs]));
  }

  private async decode(batch: GroupBatch, { value, offset }: LogRecord): Promise<ConversationEvent | undefined> {
    if (!value) return undefined;
    for (;;) {
      try {
        const event = (await this.codec.decode(value)) as ConversationEvent;
        this.outage.isOver();
        return event;
      } catch (err) {
        if (err instanceof CodecError) {
          // The aggregator keeps it as a dead letter; here it is of no use.
          this.ctx.logger.warn({ err, partition: batch.partition, offset }, 'event can not be read and is left out');
          return undefined;
        }
        // The registry does not answer: the event is not to be skipped for that.
        if (this.stopping.signal.aborted || !isRegistryError(err)) throw err;
        this.outage.goesOn(err);
        await sleep(RETRY_MS);
      }
    }
  }

  /** Resolves true when the job is done for good, false when it was broken off. */
  private track(job: Promise<void>): Promise<boolean> {
    const done = job.then(
      () => true,
      (err: unknown) => {
        if (this.stopping.signal.aborted) return false;
        this.ctx.logger.error({ err }, 'event could not be handled and is left out');
        return true;
      },
    );
    const tracked: Promise<boolean> = done.finally(() => {
      this.inFlight.delete(tracked);
      this.onRoom();
    });
    this.inFlight.add(tracked);
    return tracked;
  }

  /** Resolves false once something before it was broken off: nothing later of the partition may be committed then. */
  private async commitAfter(batch: GroupBatch, jobs: readonly Promise<boolean>[]): Promise<boolean> {
    if (!(await Promise.all(jobs)).every((done) => done)) return false;
    try {
      await batch.commit();
    } catch (err) {
      // Not committed is handled again, which is harmless; FENCED: by the partition's new owner.
      if (isUnavailable(err)) this.outage.goesOn(err);
      else if (!isLogError(err, 'FENCED')) {
        this.ctx.logger.warn({ err, group: this.options.group }, 'position not committed');
      }
    }
    return true;
  }
}
