import { isLogError } from '../errors';
import type { GroupBatch, GroupConsumer, GroupOptions, NextOptions, Offset } from '../port';
import { MAX_RECORDS, Turn } from '../turn';
import { LocalBell, waitForRing } from './bell';
import type { Database } from './environment';
import { fencedError, type GroupStore, type Owned, readCommits, writeCommit } from './groups';
import type { OwnSession } from './sessions';
import type { TopicStore } from './topic';

/** How often a member looks for others that have died. */
const LOOK_MS = 200;

/** A partition while this member holds it. A partition lost and won back is another one: old batches are fenced. */
interface Held {
  readonly topic: TopicStore;
  readonly partition: number;
  position: Offset;
  /** A batch of it was handed out and neither committed nor followed by another call of next. */
  busy: boolean;
}

export interface ConsumerParts {
  readonly groups: GroupStore;
  readonly session: OwnSession;
  readonly openTopic: (name: string) => Promise<TopicStore>;
  readonly onClose: (consumer: EmbeddedConsumer) => void;
}

let members = 0;

export class EmbeddedConsumer implements GroupConsumer {
  private readonly id: string;
  private readonly topics = new Map<string, TopicStore>();
  private readonly changed = new LocalBell();
  private readonly turn = new Turn();
  private held: Held[] = [];
  private settling: Promise<void> = Promise.resolve();
  private deciding = false;
  private lookedAt = 0;
  private readonly timer: NodeJS.Timeout;
  private readonly onBell = () => this.lookAround();
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly options: GroupOptions,
    private readonly parts: ConsumerParts,
  ) {
    this.id = `${parts.session.id}/${++members}`;
    this.timer = setInterval(() => this.lookAround(), LOOK_MS).unref();
    parts.groups.bell.add(this.onBell);
  }

  /** @throws UNKNOWN_TOPIC */
  static async join(options: GroupOptions, parts: ConsumerParts): Promise<EmbeddedConsumer> {
    const topics = await Promise.all(options.topics.map(parts.openTopic));
    const consumer = new EmbeddedConsumer(options, parts);
    for (const topic of topics) consumer.topics.set(topic.spec.name, topic);
    await parts.session.start();
    await consumer.settle();
    return consumer;
  }

  async next(options: Omit<NextOptions, 'maxRecords'> = {}): Promise<GroupBatch | undefined> {
    const { maxWaitMs = 0, signal } = options;
    const deadline = performance.now() + maxWaitMs;
    for (const held of this.held) held.busy = false;
    await this.turn.giveWay();
    // The process was held up: others may have taken its partitions meanwhile.
    if (performance.now() - this.lookedAt > 2 * LOOK_MS) await this.settle();
    while (!this.closing && !signal?.aborted) {
      const bells = this.bells();
      const batch = this.take();
      if (batch) return batch;
      const ms = deadline - performance.now();
      if (ms <= 0) return undefined;
      await waitForRing(bells, { ms, signal });
    }
    return undefined;
  }

  private bells() {
    return [this.changed, ...[...this.topics.values()].map((topic) => topic.bell)].map((bell) => ({
      bell,
      seen: bell.rung,
    }));
  }

  private take(): GroupBatch | undefined {
    for (const [index, held] of this.held.entries()) {
      const batch = held.topic.read(held.partition, held.position, this.options.maxRecords ?? MAX_RECORDS);
      if (!batch) continue;
      held.position = batch.next;
      held.busy = true;
      this.held = [...this.held.slice(index + 1), ...this.held.slice(0, index + 1)];
      return { ...batch, commit: () => this.commit(held, batch.next) };
    }
    return undefined;
  }

  private async commit(held: Held, offset: Offset): Promise<void> {
    const { partition } = held;
    const topic = held.topic.spec.name;
    const isHeld = () => this.held.includes(held);
    if (!isHeld()) throw fencedError(this.options.group, { topic, partition });
    try {
      await this.parts.groups.commit(this.options.group, this.id, { topic, partition, offset }, isHeld);
    } catch (error) {
      // The batch is dropped, so its records must come again: where this member wins the partition back, from the commit.
      if (isLogError(error, 'FENCED')) this.held = this.held.filter((other) => other !== held);
      throw error;
    }
    if (held.position === offset) held.busy = false;
  }

  assignment(): ReadonlyMap<string, readonly number[]> {
    const assignment = new Map<string, number[]>();
    for (const { topic, partition } of this.held) {
      assignment.set(
        topic.spec.name,
        [...(assignment.get(topic.spec.name) ?? []), partition].sort((a, b) => a - b),
      );
    }
    return assignment;
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    for (const topic of await Promise.all(topics.map(this.parts.openTopic))) this.topics.set(topic.spec.name, topic);
    await this.settle();
    this.changed.ring();
  }

  private lookAround(): void {
    if (this.closing || this.deciding) return;
    this.lookedAt = performance.now();
    const { settled, owned } = this.parts.groups.look(this.options.group, this.member());
    if (settled && owned.length === this.held.length && owned.every((place) => this.find(place))) return;
    // Fails only where the log does; the next look tries again, and next() and commit() tell the caller.
    this.settle().catch(() => {});
  }

  private member() {
    return {
      id: this.id,
      session: this.parts.session.id,
      topics: Object.fromEntries([...this.topics].map(([name, { spec }]) => [name, spec.partitions])),
      busy: (topic: string, partition: number) => this.find({ topic, partition })?.busy ?? false,
    };
  }

  private find({ topic, partition }: { topic: string; partition: number }): Held | undefined {
    return this.held.find((held) => held.partition === partition && held.topic.spec.name === topic);
  }

  /** One at a time: what is held follows what was decided, in the order it was decided. */
  private settle(): Promise<void> {
    const settled = this.settling.then(async () => {
      if (this.closing) return;
      this.deciding = true;
      let won: Held[] = [];
      await this.parts.groups.settle(this.options.group, this.member(), (db, owned, before) => {
        // Given up before anybody else can learn that it is free; taken up once that is durable. What others dropped
        // this member from meanwhile begins anew, though it has it back: the position is that of a lost batch.
        this.held = this.held.filter((held) => includes(owned, held) && includes(before, held));
        won = owned.filter((place) => !this.find(place)).flatMap((place) => this.begin(db, place));
      });
      this.held.push(...won);
      if (won.length > 0) this.changed.ring();
    });
    this.settling = settled
      .catch(() => {})
      .then(() => {
        this.deciding = false;
        this.lookedAt = performance.now();
      });
    return settled;
  }

  private begin(db: Database, { topic, partition }: { topic: string; partition: number }): Held[] {
    const store = this.topics.get(topic);
    if (!store) return [];
    const { group, from = 'earliest' } = this.options;
    const committed = readCommits(db, group)[topic]?.[partition] ?? null;
    const { start = 0, end = 0 } = store.states()[partition] ?? {};
    const position = committed ?? (from === 'earliest' ? start : end);
    // Kept at once: were this member to end before its first commit, a later `latest` would pass over records.
    if (committed === null && from === 'latest') writeCommit(db, group, { topic, partition, offset: position });
    return [{ topic: store, partition, position, busy: false }];
  }

  close(): Promise<void> {
    this.closing ??= this.leave();
    return this.closing;
  }

  private async leave(): Promise<void> {
    clearInterval(this.timer);
    this.parts.groups.bell.delete(this.onBell);
    this.changed.ring();
    await this.settling;
    this.held = [];
    this.parts.onClose(this);
    await this.parts.groups.leave(this.options.group, this.id);
  }
}

function includes(places: Owned, { topic, partition }: Held): boolean {
  return places.some((place) => place.topic === topic.spec.name && place.partition === partition);
}
