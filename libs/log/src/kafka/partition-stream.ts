import type { LogError } from '../errors';
import type { LogRecord, Offset, RecordBatch } from '../port';
import type { RecordSet } from './record-batch';

/** One partition that is read: what was fetched of it and not handed out yet, and how fetching it goes. */
export class PartitionStream {
  /** Offset to be handed out next. */
  position: Offset;
  /** Offset to be fetched next. */
  fetchOffset: Offset;
  /** Last stable offset, as the broker said last. */
  end: Offset | undefined;
  /** Why it can't be read on, once what was fetched before is handed out. */
  refusal: LogError | undefined;

  /** A fetch of it is under way. */
  isInFlight = false;
  /** Brokers are asked more about it. */
  isLookedAt = false;
  /** When it was served last, among all partitions: the one that waits longest is asked for first. */
  servedAt = 0;
  /** Not to be asked for before; as performance.now(). */
  retryAt = 0;
  /** Tries since the last answer. */
  failures = 0;
  failingSince: number | undefined;
  lastError: unknown;
  /** Answers in a row that held nothing though the end is further on. */
  emptyAnswers = 0;

  /** What was fetched last can't be read: there is nothing to be fetched after it. */
  private isBlocked = false;
  private readonly sets: RecordSet[] = [];

  constructor(
    readonly topic: string,
    readonly partition: number,
    offset: Offset,
  ) {
    this.position = offset;
    this.fetchOffset = offset;
  }

  /** Nothing is left to fetch at the moment. */
  get isCaughtUp(): boolean {
    return this.end !== undefined && this.fetchOffset >= this.end;
  }

  /** Memory that is held for it: a response is free when all of it was taken. */
  get bytesHeld(): number {
    return this.sets.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Bytes fetched and not begun. */
  get bytesAhead(): number {
    return this.sets.reduce((sum, { bytesLeft }) => sum + bytesLeft, 0);
  }

  get mayBeFetched(): boolean {
    return !this.isInFlight && !this.isLookedAt && !this.isBlocked && !this.refusal;
  }

  push(set: RecordSet): void {
    this.sets.push(set);
    this.isBlocked = set.next === this.fetchOffset;
    this.fetchOffset = set.next;
    this.emptyAnswers = 0;
  }

  /** There are no records up to that offset. */
  passGap(to: Offset): void {
    this.fetchOffset = to;
    this.emptyAnswers = 0;
    this.retryAt = 0;
  }

  /**
   * The next records, or undefined where none were fetched.
   * @throws RECORD_UNREADABLE, OFFSET_OUT_OF_RANGE  again and again
   */
  take(max: number): RecordBatch | undefined {
    const from = this.position;
    const records: LogRecord[] = [];
    for (let set = this.sets[0]; set && records.length < max; set = this.sets[0]) {
      this.position = set.take(max, records);
      if (!set.done) break;
      this.sets.shift();
    }
    // Holes that no batch tells of.
    if (this.sets.length === 0) this.position = this.fetchOffset;
    if (this.position === from) {
      if (this.refusal && this.sets.length === 0) throw this.refusal;
      return undefined;
    }
    const { topic, partition, position, end = position } = this;
    return { topic, partition, records, next: position, end: Math.max(end, position) };
  }

  succeeded(): void {
    this.failures = 0;
    this.failingSince = undefined;
    this.lastError = undefined;
  }
}
