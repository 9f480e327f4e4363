/** Wakes the one who waits. A ring while nobody waits ends the next wait at once, so that none is lost. */
export class Wakeup {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Resolves at a ring, after the time (milliseconds), or when aborted. One at a time. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.rung && ms > 0 && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          this.wake = undefined;
          resolve();
        };
        const timer = setTimeout(done, ms);
        signal?.addEventListener('abort', done);
        this.wake = done;
      });
    }
    this.rung = false;
  }
}
