/**
 * The partitioned log, as every adapter provides it. What is said here is the contract; the suite in
 * `contract-suite.ts` proves it for each adapter.
 */

/** Place of a record in its partition. Rises, never reused, may have holes (compaction). Below 2^53. */
export type Offset = number;

export interface Position {
  readonly partition: number;
  readonly offset: Offset;
}

export type Headers = Readonly<Record<string, string>>;

export interface NewRecord {
  /** Decides the partition (murmur2, as Kafka's Java client); null spreads records over all partitions. */
  readonly key: string | null;
  /** null is a tombstone: on a compacted topic it removes the key. */
  readonly value: Buffer | null;
  readonly headers?: Headers;
  /** Epoch milliseconds; the time of the append where it is not given. */
  readonly timestamp?: number;
  /** Overrides the key's partition: for dead letters and copies that keep their place. */
  readonly partition?: number;
}

export interface LogRecord extends Position {
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
  /** Epoch milliseconds. */
  readonly timestamp: number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** compact keeps the newest record of each key; delete keeps all for retentionMs. */
  readonly cleanup: 'delete' | 'compact';
  /** Milliseconds after which a record may go; null keeps it for ever. Ignored where cleanup is compact. */
  readonly retentionMs: number | null;
}

export interface PartitionDescription {
  readonly partition: number;
  /** First offset still held. */
  readonly start: Offset;
  /** Offset that the next record gets; equals start on an empty partition. */
  readonly end: Offset;
}

export interface TopicDescription extends TopicSpec {
  readonly offsets: readonly PartitionDescription[];
}

/** Where reading starts. A number is an offset; `timestamp` finds the first record at or after that time. */
export type From = Offset | 'earliest' | 'latest' | { readonly timestamp: number };

export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  /** In offset order. Empty if the position moved over holes only. */
  readonly records: readonly LogRecord[];
  /** Where to go on reading: position after this batch, holes included. */
  readonly next: Offset;
  /** End of the partition when the batch was read: the reader is caught up when next equals it. */
  readonly end: Offset;
}

export interface NextOptions {
  /** At most so many records; default 500. */
  readonly maxRecords?: number;
  /** How long to wait where there is nothing, milliseconds; default 0. */
  readonly maxWaitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Reads fixed partitions of one topic from given positions, without a group. Pulled: nothing is read ahead beyond
 * a bounded buffer, so that a slow caller slows the reading. Partitions take turns.
 */
export interface LogReader {
  /**
   * The next batch of some partition, or undefined after maxWaitMs without one, or when aborted or closed.
   * One call at a time.
   * @throws OFFSET_OUT_OF_RANGE  final: the position is not held any more (or not yet); never skipped over
   * @throws LOG_UNAVAILABLE      retryable: call next again
   */
  next(options?: NextOptions): Promise<RecordBatch | undefined>;
  /** Position to be read next, by partition. */
  positions(): ReadonlyMap<number, Offset>;
  close(): Promise<void>;
}

export interface GroupBatch extends RecordBatch {
  /**
   * Commits the batch's `next` for the group. Resolves when durable.
   * @throws FENCED  the partition was lost meanwhile: drop the batch; whoever owns it now, this member too, gets it again
   */
  commit(): Promise<void>;
}

export interface GroupOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a partition starts that the group never committed; default earliest. */
  readonly from?: 'earliest' | 'latest';
  readonly maxRecords?: number;
}

/**
 * Consumption in a group: each partition has one owner among the group's members; a member that dies or leaves
 * gives its partitions to the others, who go on after the last commit. At least once.
 */
export interface GroupConsumer {
  /** As LogReader.next; batches of one partition come one after the other, never two at once. */
  next(options?: Omit<NextOptions, 'maxRecords'>): Promise<GroupBatch | undefined>;
  /** Partitions held now, by topic. */
  assignment(): ReadonlyMap<string, readonly number[]>;
  /** Adds topics that were made since. */
  subscribe(topics: readonly string[]): Promise<void>;
  /** Leaves the group: the partitions are free at once. */
  close(): Promise<void>;
}

export interface GroupLag extends Position {
  readonly topic: string;
  /** offset is the committed position; records between it and the partition's end. */
  readonly lag: number;
}

export interface Log {
  /**
   * Names this log among all others: the same from every handle and after every restart, another one for another log.
   * Offsets mean something in one log only, so whoever keeps what it made of them keeps this beside it. A topic that is
   * removed and made anew does not change it.
   * @throws LOG_UNAVAILABLE
   */
  identity(): Promise<string>;
  /**
   * Makes the topics that are missing.
   * @throws TOPIC_MISMATCH  one exists with other settings; names each difference
   */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Undefined if there is no such topic. */
  describe(topic: string): Promise<TopicDescription | undefined>;
  topics(): Promise<readonly string[]>;

  /**
   * Appends records; all of one call's records that share a partition become readable together, in order. Durable
   * on disk when it resolves. Concurrent calls are coalesced into one commit.
   * @returns where each record went, in the order given
   * @throws UNKNOWN_TOPIC, RECORD_TOO_LARGE, LOG_UNAVAILABLE (retryable; the records may or may not be there)
   */
  append(topic: string, records: readonly NewRecord[]): Promise<readonly Position[]>;

  /** Partition that a key goes to. */
  partitionFor(topic: string, key: string): Promise<number>;

  reader(topic: string, from: ReadonlyMap<number, From> | From): Promise<LogReader>;
  /** First offset at or after the time, by partition; the end where there is none. */
  offsetsAt(topic: string, timestamp: number): Promise<ReadonlyMap<number, Offset>>;
  /** Ends of all partitions. Cheap on the embedded log. */
  ends(topic: string): Promise<ReadonlyMap<number, Offset>>;

  consumer(options: GroupOptions): Promise<GroupConsumer>;
  committed(group: string, topic: string): Promise<ReadonlyMap<number, Offset>>;
  /** Sets a group's committed positions by hand (replay); the group must have no members. @throws GROUP_ACTIVE */
  resetOffsets(group: string, topic: string, offsets: ReadonlyMap<number, Offset>): Promise<void>;
  lag(group: string): Promise<readonly GroupLag[]>;

  /** One pass of compaction and retention over all topics. Kafka's broker does this by itself. */
  maintain(nowMs: number): Promise<{ readonly removed: number }>;

  /** Resolves if the log can be appended to. @throws LOG_UNAVAILABLE */
  check(): Promise<void>;
  /** Ends all readers and consumers. Closing twice is quiet. */
  close(): Promise<void>;
}
