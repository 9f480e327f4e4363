/** Records of a batch where the caller names no number. */
export const MAX_RECORDS = 500;
/** What is at hand is given without waiting: a reader that never waits gives way to the event loop that often. */
const TURN_MS = 4;

/** Lets other work of the process go on where batches follow each other without a wait. */
export class Turn {
  private began = performance.now();

  async giveWay(): Promise<void> {
    if (performance.now() - this.began < TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.began = performance.now();
  }
}
