import { IN_TOUCH_MS, STALL_MS } from '@parley/query';

/** The end of a partition as it was at some moment. */
interface Look {
  readonly atMs: number;
  readonly end: number;
}

/** Both kept so that looks which come faster than they are caught up with can't push each other out. */
interface Pending {
  readonly oldest: Look;
  newest: Look;
}

/**
 * Whether the states that are shown hold what was on the log a moment ago: "in touch" as the query protocol has it.
 * For each partition it knows the newest moment whose whole log has been applied. All times are of the monotonic
 * clock, which goes on while the process is stopped.
 */
export class Freshness {
  private readonly moments = new Map<number, number>();
  private readonly ends = new Map<number, number>();
  private readonly pending = new Map<number, Pending>();
  private turnedAtMs: number;
  private notBeforeMs = Number.NEGATIVE_INFINITY;

  /** @param onStall told when the process has stood still: it is in touch no more until it has looked again */
  constructor(
    private readonly onStall: () => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.turnedAtMs = nowMs();
  }

  /** To be called at intervals well below STALL_MS: a longer one shows that the process stood still. */
  beat(): void {
    const now = this.nowMs();
    const stood = now - this.turnedAtMs;
    this.turnedAtMs = now;
    if (stood < STALL_MS) return;
    this.notBeforeMs = now;
    this.onStall();
  }

  /** @param atMs when the look began: what came to the log later may be missing from the ends */
  looked(atMs: number, ends: ReadonlyMap<number, number>): void {
    for (const [partition, end] of ends) {
      this.ends.set(partition, end);
      const look = { atMs, end };
      const pending = this.pending.get(partition);
      if (pending) pending.newest = look;
      else this.pending.set(partition, { oldest: look, newest: look });
    }
  }

  /** Everything before the position is applied and found by queries. */
  reached(partition: number, position: number): void {
    const pending = this.pending.get(partition);
    if (!pending || pending.oldest.end > position) return;
    const { oldest, newest } = pending;
    const isAll = newest.end <= position;
    this.moments.set(partition, isAll ? newest.atMs : oldest.atMs);
    if (isAll) this.pending.delete(partition);
    else this.pending.set(partition, { oldest: newest, newest });
  }

  isInTouch(partition: number): boolean {
    // A question may be what first runs after the process was stopped.
    this.beat();
    const moment = this.moments.get(partition);
    return moment !== undefined && moment >= this.notBeforeMs && this.nowMs() - moment <= IN_TOUCH_MS;
  }

  /** End of the partition when last looked. */
  end(partition: number): number {
    return this.ends.get(partition) ?? 0;
  }

  /** Milliseconds since the newest moment that is known to be held; undefined if there is none yet. */
  ageMs(partition: number): number | undefined {
    const moment = this.moments.get(partition);
    return moment === undefined ? undefined : this.nowMs() - moment;
  }
}
