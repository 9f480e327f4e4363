import { setImmediate as turn } from 'node:timers/promises';

/** How long events are applied before queries get their turn, milliseconds. */
const SLICE_MS = 4;
/** Further turns for queries that keep coming, so that they can't stop the reading for good. */
const EXTRA_TURNS_MAX = 4;

/** Shares the one thread between the reading of the log and queries: the reading yields. */
export class Governor {
  private sliceEndsAt = 0;
  private queries = 0;

  /** To be called for every query that arrives. */
  noteQuery(): void {
    this.queries += 1;
  }

  /** Whether the slice is used up. */
  get isDue(): boolean {
    return performance.now() >= this.sliceEndsAt;
  }

  /** Lets everything that waits run; then begins a new slice. */
  async yield(): Promise<void> {
    for (let turns = 0; turns <= EXTRA_TURNS_MAX; turns += 1) {
      const before = this.queries;
      await turn();
      if (this.queries === before) break;
    }
    this.sliceEndsAt = performance.now() + SLICE_MS;
  }
}
