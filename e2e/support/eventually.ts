import { setTimeout as delay } from 'node:timers/promises';

/**
 * Repeats a check until it passes, and gives what it gave; after the deadline, milliseconds, the last failure is
 * thrown. For what the contract calls eventually consistent alone: what a 2xx promises is looked at once.
 */
export async function eventually<T>(check: () => T | Promise<T>, deadlineMs = 20_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= end) throw error;
    }
    await delay(40);
  }
}
