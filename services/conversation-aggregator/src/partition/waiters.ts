import { AppError } from '@parley/service-kit';

interface Waiter {
  readonly offset: number;
  readonly settle: (applied: boolean) => void;
  readonly refuse: (error: Error) => void;
}

/** Who waits for an event to be applied, by partition. */
export class Waiters {
  private readonly waiting = new Map<number, Set<Waiter>>();
  private isClosed = false;

  /** Whether somebody waits for the partition. */
  any(partition: number): boolean {
    return (this.waiting.get(partition)?.size ?? 0) > 0;
  }

  /**
   * Resolves true once the position passed the offset, false after maxWaitMs.
   * @throws AppError UNAVAILABLE  this instance stops: another one, or the next, tells
   */
  wait(partition: number, offset: number, maxWaitMs: number): Promise<boolean> {
    if (this.isClosed) return Promise.reject(stops());
    return new Promise((resolve, reject) => {
      const set = this.waiting.get(partition) ?? new Set();
      this.waiting.set(partition, set);
      const timer = setTimeout(() => waiter.settle(false), maxWaitMs);
      const leave = () => {
        clearTimeout(timer);
        set.delete(waiter);
      };
      const waiter: Waiter = {
        offset,
        settle: (applied) => {
          leave();
          resolve(applied);
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      set.add(waiter);
    });
  }

  /** Everything before the position is applied and found by queries. */
  reached(partition: number, position: number): void {
    for (const waiter of this.waiting.get(partition) ?? []) if (waiter.offset < position) waiter.settle(true);
  }

  /** "Not in time" would be an answer; that it stops is none, so that those who wait ask again. */
  close(): void {
    this.isClosed = true;
    for (const set of this.waiting.values()) for (const waiter of set) waiter.refuse(stops());
  }
}

function stops(): AppError {
  return new AppError('UNAVAILABLE', { message: 'the aggregator stops', retryAfterS: 1 });
}
