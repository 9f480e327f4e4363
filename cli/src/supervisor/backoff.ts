/** A run this long was healthy: what came before it is forgotten. Milliseconds. */
const HEALTHY_MS = 60_000;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;

/** How long to wait before a restart: nothing the first time, then 250 ms doubling to 5 s. */
export class Backoff {
  private crashes = 0;

  /** @param ranMs how long the process lived, milliseconds  @returns milliseconds to wait */
  after(ranMs: number): number {
    if (ranMs >= HEALTHY_MS) this.crashes = 0;
    this.crashes += 1;
    return this.crashes === 1 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.crashes - 2));
  }
}
