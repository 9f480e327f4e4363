import { randomBytes } from 'node:crypto';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { type Codec, topics } from '@parley/contracts';
import { toSnapshot, viewConversation } from '@parley/conversations';
import { isLogError, type Log, type LogRecord, type NewRecord, type Offset } from '@parley/log';
import type { Logger } from 'pino';
import { isPassing, type Outages } from '../outages';
import type { Generation } from '../partition/generation';
import type { PartitionState } from '../store/partition-state';
import type { Outbox } from './outbox';
import { readRange } from './read-range';

/** Snapshots made between two turns of the queries, and appended in one call. */
const CHUNK = 100;
/** Bytes of snapshots beyond which a chunk is closed. */
const CHUNK_BYTES = 1 << 20;
/** Chunks on their way to the log: enough that it is never waited for while there are states to be written. */
const UNDER_WAY_MAX = 16;
/** Changes within this time are written as one, milliseconds. */
const COALESCE_MS = 50;
/** Between two looks for what others wrote where nothing changes, milliseconds. */
const LOOK_MS = 5_000;
/** Outage as operators see it. */
const WRITING = 'log (changelog)';
/** Header that tells one process's records from another's. */
const PUBLISHER = 'publisher';

export interface ChangelogOptions {
  readonly log: Log;
  readonly codec: Codec<'Conversation'>;
  readonly outbox: Outbox;
  readonly generation: Generation;
  readonly outages: Outages;
  readonly logger: Logger;
}

interface Stale {
  readonly ids: Set<string>;
  /** Position that the states have when all ids are written. */
  position: number;
}

/**
 * Publishes the newest state of every changed conversation, keyed by its id. Runs behind the queries; after a crash it
 * goes on from the last position that was written whole, and so repeats at most what was on its way.
 *
 * One process publishes a partition. Where another one wrote all the same (one that was stopped and went on after it
 * had been replaced, or a second one with the same ordinal), this one finds records between its own: it compares each
 * with what it knows, and writes anew what is older than that. So whoever goes on publishing leaves no older state on
 * top, and the one that is behind writes newer states itself as soon as it gets there.
 */
export class Changelog {
  private readonly stale = new Map<number, Stale>();
  /** Everything on the changelog's partitions before these was written or looked at here. */
  private readonly ends = new Map<number, Offset>();
  private readonly headers = { [PUBLISHER]: randomBytes(4).toString('hex') };
  private readonly stopping = new AbortController();
  private readonly rivals = new Set<number>();
  /** Every conversation changed before these is on the changelog. */
  private readonly reached = new Map<number, number>();
  private hasBegun = false;
  private lookedAtMs = 0;
  private wake: () => void = () => {};
  private running: Promise<void> | undefined;
  private leftOut = 0;
  /** What was changed before these, nobody told of here. */
  private readonly untold: ReadonlyMap<number, number>;
  private underWay = 0;
  private landed: () => void = () => {};

  /** To be told of every change from now on. */
  constructor(private readonly options: ChangelogOptions) {
    const { generation } = options;
    this.untold = new Map([...generation.partitions.keys()].map((number) => [number, generation.published(number)]));
  }

  /** Begins with what an earlier run did not get written. */
  run(): Promise<void> {
    this.running ??= this.work();
    return this.running;
  }

  changed(partition: number, position: number, ids: Iterable<string>): void {
    const stale = this.stale.get(partition) ?? { ids: new Set(), position };
    for (const id of ids) stale.ids.add(id);
    stale.position = Math.max(stale.position, position);
    this.stale.set(partition, stale);
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.running?.catch(() => undefined);
  }

  private async work(): Promise<void> {
    const { signal } = this.stopping;
    try {
      await this.begin();
      while (!signal.aborted) {
        const due = [...this.stale];
        this.stale.clear();
        await this.writeAll(due);
        await this.rest();
        if (!signal.aborted && performance.now() - this.lookedAtMs >= LOOK_MS) await this.lookAtAll();
      }
    } catch (error) {
      if (signal.aborted) return;
      // Nothing goes on that this publication began.
      this.stopping.abort();
      throw error;
    } finally {
      while (this.underWay > 0) await this.landing();
    }
  }

  private async begin(): Promise<void> {
    const { log, generation, outbox } = this.options;
    const ends = await this.persist(() => log.ends(topics.conversations.name));
    for (const partition of generation.partitions.values()) {
      const number = partition.partition;
      const end = ends.get(number) ?? 0;
      const { changelog, changelogEnd, reducer } = outbox.changelog(number);
      // States of another reducer's version are published anew, and so is a changelog that lost what was written.
      const written = reducer === generation.store.marker.reducer && changelogEnd <= end ? changelog : 0;
      this.ends.set(number, written === 0 ? end : changelogEnd);
      this.reached.set(number, written);
      await this.findUnwritten(partition, written);
    }
    await this.lookAtAll();
    this.hasBegun = true;
  }

  /** What changed after the last whole write tells its position itself. */
  private async findUnwritten(partition: PartitionState, written: number): Promise<void> {
    const number = partition.partition;
    if (written >= (this.untold.get(number) ?? 0)) return;
    const position = this.options.generation.published(number);
    let after: Buffer | undefined;
    do {
      const chunk = partition.storedConversations(after, CHUNK);
      this.changed(
        number,
        position,
        chunk.filter(({ state }) => state.position >= written).map(({ state }) => state.id),
      );
      after = chunk.at(-1)?.key;
      await turn();
    } while (after && !this.stopping.signal.aborted);
  }

  /** The next states of a conversation are written when this is done: so they keep their order. */
  private async writeAll(due: readonly (readonly [number, Stale])[]): Promise<void> {
    const written: Promise<void>[] = [];
    for (const [number, stale] of due) written.push((await this.send(number, stale)).written);
    await Promise.all(written);
  }

  /** Resolves when all is on its way; `written` does when it is on the log and noted. */
  private async send(number: number, { ids, position }: Stale): Promise<{ readonly written: Promise<void> }> {
    const partition = this.options.generation.partition(number);
    let written: Promise<void> = Promise.resolve();
    if (!partition) return { written };
    for (const records of this.chunks(partition, ids)) {
      written = this.append(number, records, written);
      // Whoever waits for the last one hears of it.
      written.catch(() => undefined);
      await turn();
      while (this.underWay >= UNDER_WAY_MAX) await this.landing();
      this.stopping.signal.throwIfAborted();
    }
    written = this.note(number, position, written);
    written.catch(() => undefined);
    return { written };
  }

  private *chunks(partition: PartitionState, ids: Iterable<string>): Generator<readonly NewRecord[]> {
    let records: NewRecord[] = [];
    let bytes = 0;
    for (const id of ids) {
      const record = this.record(partition, id);
      if (!record) continue;
      records.push(record);
      bytes += record.value?.length ?? 0;
      if (records.length < CHUNK && bytes < CHUNK_BYTES) continue;
      yield records;
      records = [];
      bytes = 0;
    }
    if (records.length > 0) yield records;
  }

  private async note(number: number, position: number, written: Promise<void>): Promise<void> {
    const { generation, outbox } = this.options;
    await written;
    this.stopping.signal.throwIfAborted();
    const reached = Math.max(position, this.reached.get(number) ?? 0);
    this.reached.set(number, reached);
    await outbox.changelogReached(number, {
      changelog: reached,
      reducer: generation.store.marker.reducer,
      changelogEnd: this.ends.get(number) ?? 0,
    });
  }

  private record(partition: PartitionState, id: string): NewRecord | undefined {
    const state = partition.conversation(id);
    const last = state && partition.lastMessage(state);
    if (!last) return undefined;
    const snapshot = toSnapshot(viewConversation(state, last), state.position);
    const { headers } = this;
    return {
      key: id,
      value: this.options.codec.encode('Conversation', snapshot),
      partition: partition.partition,
      headers,
    };
  }

  /** @param before done when what was appended before it is: what lies on the partition is looked at in order */
  private async append(partition: number, records: readonly NewRecord[], before: Promise<void>): Promise<void> {
    this.underWay += 1;
    try {
      const appending = this.persist(() => this.options.log.append(topics.conversations.name, records));
      appending.catch(() => undefined);
      await before;
      const positions = await appending;
      const first = positions[0]?.offset ?? 0;
      const from = this.ends.get(partition) ?? first;
      if (first > from) await this.look(partition, from, first);
      // One that had to be appended again may lie behind those that came after it.
      this.ends.set(partition, Math.max(from, (positions.at(-1)?.offset ?? first) + 1));
    } catch (error) {
      if (!isLogError(error, 'RECORD_TOO_LARGE')) throw error;
      await this.appendWhatFits(partition, records);
    } finally {
      this.underWay -= 1;
      this.landed();
    }
  }

  private landing(): Promise<void> {
    return new Promise((resolve) => {
      this.landed = resolve;
    });
  }

  /** One conversation that is too large must not keep the others off the changelog. */
  private async appendWhatFits(partition: number, records: readonly NewRecord[]): Promise<void> {
    if (records.length > 1) {
      for (const record of records) await this.append(partition, [record], Promise.resolve());
      return;
    }
    for (const { key, value } of records) {
      this.leftOut += 1;
      this.options.logger.error(
        { conversationId: key, bytes: value?.length ?? 0, leftOut: this.leftOut },
        'a conversation is too large for the changelog, which keeps its former state',
      );
    }
  }

  private async lookAtAll(): Promise<void> {
    this.lookedAtMs = performance.now();
    const ends = await this.persist(() => this.options.log.ends(topics.conversations.name));
    for (const partition of this.options.generation.partitions.keys()) {
      const end = ends.get(partition) ?? 0;
      const from = this.ends.get(partition) ?? end;
      if (end <= from) continue;
      await this.look(partition, from, end);
      this.ends.set(partition, end);
    }
  }

  /** Has written anew what lies there and is older than what is known here. */
  private async look(number: number, from: Offset, to: Offset): Promise<void> {
    const { log, generation } = this.options;
    const partition = generation.partition(number);
    if (!partition) return;
    const range = { partition: number, from, to, signal: this.stopping.signal };
    await this.persist(() =>
      readRange(log, topics.conversations.name, range, (record) => this.compare(partition, record)),
    );
  }

  private async compare(partition: PartitionState, record: LogRecord): Promise<void> {
    const { key, value, headers, offset } = record;
    const own = key === null ? undefined : partition.conversation(key);
    if (!own || headers[PUBLISHER] === this.headers[PUBLISHER]) return;
    this.noteRival(record);
    if (((await this.positionOf(value)) ?? -1) >= own.position) return;
    this.options.logger.info(
      { partition: partition.partition, offset, conversationId: own.id },
      'an older state was put over this one on the changelog; it is written anew',
    );
    this.changed(partition.partition, this.reached.get(partition.partition) ?? 0, [own.id]);
  }

  /** Undefined if it is no state that can be read. */
  private async positionOf(value: Buffer | null): Promise<number | undefined> {
    try {
      return value ? (await this.options.codec.decode(value)).value.position : undefined;
    } catch (error) {
      if (isPassing(error)) throw error;
      return undefined;
    }
  }

  /** Not at the beginning, where it may be one's own former self. */
  private noteRival({ partition, offset, headers }: LogRecord): void {
    if (!this.hasBegun || this.rivals.has(partition)) return;
    this.rivals.add(partition);
    this.options.logger.error(
      { partition, offset, publisher: headers[PUBLISHER] },
      'another process publishes this partition too: is there a second aggregator with this AGGREGATOR_REPLICA?',
    );
  }

  private persist<T>(call: () => Promise<T>): Promise<T> {
    return this.options.outages.persist(WRITING, call, this.stopping.signal);
  }

  private async rest(): Promise<void> {
    const { signal } = this.stopping;
    if (this.stale.size === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await delay(COALESCE_MS, undefined, { signal }).catch(() => undefined);
  }
}
