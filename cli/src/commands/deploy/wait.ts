import { setTimeout as delay } from 'node:timers/promises';
import { isRegistryError } from '@parley/contracts';
import { isLogError } from '@parley/log';
import { UsageError } from '../command';

const RETRY_MS = 500;
const UNITS = { ms: 1, s: 1_000, m: 60_000 } as const;

/** Such as 500ms, 60s or 2m. @returns milliseconds @throws UsageError */
export function durationOf(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,9})(ms|s|m)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw new UsageError(`${option}: ${JSON.stringify(text)} is no duration such as 500ms, 60s or 2m`);
  }
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}

/**
 * Tries until the log and the registry answer: they may be started at the same time as this.
 * @param note told of each new reason to wait
 * @throws what the last try ended with, once the time is over, and at once what another try does not mend
 */
export async function patiently<T>(waitMs: number, step: () => Promise<T>, note: (line: string) => void): Promise<T> {
  const until = performance.now() + waitMs;
  let reason = '';
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(isLogError(error) || isRegistryError(error)) || !error.retryable) throw error;
      if (performance.now() + RETRY_MS > until) throw error;
      if (error.code !== reason) note(`waiting: ${error.message}`);
      reason = error.code;
      await delay(RETRY_MS);
    }
  }
}
