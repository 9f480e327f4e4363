interface Waiter {
  readonly offset: number;
  readonly settle: (applied: boolean) => void;
}

/** Who waits for an event to be applied, by partition. */
export class Waiters {
  private readonly waiting = new Map<number, Set<Waiter>>();

  /** Whether somebody waits for the partition. */
  any(partition: number): boolean {
    return (this.waiting.get(partition)?.size ?? 0) > 0;
  }

  /** Resolves true once the position passed the offset, false after maxWaitMs. */
  wait(partition: number, offset: number, maxWaitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const set = this.waiting.get(partition) ?? new Set();
      this.waiting.set(partition, set);
      const timer = setTimeout(() => waiter.settle(false), maxWaitMs);
      const waiter: Waiter = {
        offset,
        settle: (applied) => {
          clearTimeout(timer);
          set.delete(waiter);
          resolve(applied);
        },
      };
      set.add(waiter);
    });
  }

  /** Everything before the position is applied and found by queries. */
  reached(partition: number, position: number): void {
    for (const waiter of this.waiting.get(partition) ?? []) if (waiter.offset < position) waiter.settle(true);
  }

  close(): void {
    for (const set of this.waiting.values()) for (const waiter of set) waiter.settle(false);
  }
}
