import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ConversationEvent } from '@parley/contracts';
import { checkEnvironmentFile, isLogError, type Offset } from '@parley/log';
import { type ServiceContext, warnOfOtherLog } from '@parley/service-kit';
import { type Database, open, type RootDatabase } from 'lmdb';

type Logger = Pick<ServiceContext['logger'], 'warn'>;

/** Where a raw record is. */
export interface RawPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
}

/** How far a partition has been taken in. */
export interface Reached {
  readonly topic: string;
  readonly partition: number;
  readonly next: Offset;
}

/** Place of a fact that waits for its message: raw record, index among the record's items, and among the item's events. */
type WaitingKey = [messageId: string, partition: number, offset: Offset, index: number, event: number];
type ParkedKey = [channelKey: string, topic: string, partition: number, offset: Offset];

export interface RouterStateOptions {
  readonly dir: string;
  /** Identity of the log; what was remembered of another one is forgotten, places of records foremost. */
  readonly log: string;
  readonly logger: Logger;
}

/** Key of the log's identity in `meta`. */
const LOG = 'log';

/** Sorts behind every number and text that a key can have. */
const LAST = '\uffff';

/**
 * What the router must remember from one raw record to the next. All of it can be made again from the raw topics; a
 * position tells, for each partition, how far it goes.
 */
export class RouterState {
  private constructor(
    private readonly root: RootDatabase,
    private readonly meta: Database<string, string>,
    private readonly positions: Database<Offset, [string, number]>,
    private readonly claims: Database<string, string>,
    private readonly waiting: Database<ConversationEvent, WaitingKey>,
    private readonly parked: Database<true, ParkedKey>,
  ) {}

  /** A file that LMDB must not read is removed, with a warning: the positions are gone with the rest. */
  static open(options: RouterStateOptions): RouterState {
    const { dir } = options;
    removeUnsound(options);
    mkdirSync(dir, { recursive: true });
    const root = open({ path: dir, maxDbs: 5 });
    const state = new RouterState(
      root,
      root.openDB({ name: 'meta' }),
      root.openDB({ name: 'positions' }),
      root.openDB({ name: 'claims' }),
      root.openDB({ name: 'waiting' }),
      root.openDB({ name: 'parked' }),
    );
    state.keepFor(options);
    return state;
  }

  /** Next offset of the partition to be taken in; 0 at first. */
  position(topic: string, partition: number): Offset {
    return this.positions.get([topic, partition]) ?? 0;
  }

  /** Raw records with parts for a channel that was not connected, in the order in which they came. */
  parkedFor(channelKey: string): readonly RawPlace[] {
    const keys = this.parked.getKeys({ start: [channelKey] as never, end: [channelKey, LAST] as never });
    return [...keys].map(([, topic, partition, offset]) => ({ topic, partition, offset }));
  }

  draft(): StateDraft {
    return new StateDraft(this.claims, this.waiting, this.parked);
  }

  /**
   * Writes a draft down, and how far it goes, in one transaction: if a crash takes the one back, then the other too, and
   * the difference to what the group has committed tells that it must be made again.
   */
  async commit(draft: StateDraft, reached: readonly Reached[]): Promise<void> {
    await this.root.transaction(() => {
      draft.write();
      for (const { topic, partition, next } of reached) {
        if (next > this.position(topic, partition)) this.positions.put([topic, partition], next);
      }
    });
  }

  close(): Promise<void> {
    return this.root.close();
  }

  private keepFor({ dir, log, logger }: RouterStateOptions): void {
    const before = this.meta.get(LOG);
    if (before === log) return;
    const databases = [this.positions, this.claims, this.waiting, this.parked];
    if (databases.some((database) => database.getKeysCount({ limit: 1 }) > 0)) {
      warnOfOtherLog(logger, { store: dir, before, now: log });
    }
    this.root.transactionSync(() => {
      for (const database of databases) database.clearSync();
      this.meta.putSync(LOG, log);
    });
  }
}

/** Changes to the state that are not written down yet; reads see them. */
export class StateDraft {
  private readonly claimed = new Map<string, string>();
  private readonly waitingPuts = new Map<string, { key: WaitingKey; event: ConversationEvent }[]>();
  private readonly waitingRemoves: WaitingKey[] = [];
  private readonly parkedPuts = new Map<string, ParkedKey>();
  private readonly parkedRemoves: ParkedKey[] = [];

  constructor(
    private readonly claims: Database<string, string>,
    private readonly waiting: Database<ConversationEvent, WaitingKey>,
    private readonly parked: Database<true, ParkedKey>,
  ) {}

  /** The conversation that has a message of a custom source; undefined while the message has not come. */
  conversationOf(messageId: string): string | undefined {
    return this.claimed.get(messageId) ?? this.claims.get(messageId);
  }

  claim(messageId: string, conversationId: string): void {
    this.claimed.set(messageId, conversationId);
  }

  /** Keeps all facts of an item until its message comes. Those of the same place are kept once. */
  wait(
    messageId: string,
    { partition, offset, index }: RawPlace & { readonly index: number },
    events: readonly ConversationEvent[],
  ): void {
    const entries = events.map((event, number) => ({
      key: [messageId, partition, offset, index, number] satisfies WaitingKey,
      event,
    }));
    this.waitingPuts.set(messageId, [...(this.waitingPuts.get(messageId) ?? []), ...entries]);
  }

  /** Gives what waited for the message, in order, and forgets it. */
  takeWaiting(messageId: string): readonly ConversationEvent[] {
    const kept = [...this.waiting.getRange({ start: [messageId] as never, end: [messageId, LAST] as never })];
    const added = this.waitingPuts.get(messageId) ?? [];
    this.waitingPuts.delete(messageId);
    this.waitingRemoves.push(...kept.map(({ key }) => key));
    return [...kept.map(({ value }) => value), ...added.map(({ event }) => event)];
  }

  /** False if the record is parked for the channel already. */
  park(channelKey: string, { topic, partition, offset }: RawPlace): boolean {
    const key: ParkedKey = [channelKey, topic, partition, offset];
    const name = key.join(' ');
    if (this.parkedPuts.has(name) || this.parked.get(key)) return false;
    this.parkedPuts.set(name, key);
    return true;
  }

  unpark(channelKey: string, { topic, partition, offset }: RawPlace): void {
    this.parkedRemoves.push([channelKey, topic, partition, offset]);
  }

  /** To be called in a transaction. */
  write(): void {
    for (const [messageId, conversationId] of this.claimed) this.claims.put(messageId, conversationId);
    for (const key of this.waitingRemoves) this.waiting.remove(key);
    for (const entries of this.waitingPuts.values()) for (const { key, event } of entries) this.waiting.put(key, event);
    for (const key of this.parkedRemoves) this.parked.remove(key);
    for (const key of this.parkedPuts.values()) this.parked.put(key, true);
  }
}

function removeUnsound({ dir, logger }: RouterStateOptions): void {
  if (!existsSync(join(dir, 'data.mdb'))) return;
  try {
    checkEnvironmentFile(dir);
  } catch (error) {
    if (!isLogError(error)) throw error;
    logger.warn({ dir, code: error.code }, 'the router’s state can not be read; it is removed and made again');
    rmSync(dir, { recursive: true });
  }
}
