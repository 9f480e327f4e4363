import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** Milliseconds before the second try; doubles with each further one. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** How many tries in all; Infinity goes on until the signal aborts. */
  readonly tries: number;
  readonly signal: AbortSignal;
}

/**
 * Tries until there is a result that is not undefined.
 * @returns undefined after the last try
 * @throws the signal's reason once it aborts; whatever `attempt` throws
 */
export async function retry<T>(options: RetryOptions, attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  let delayMs = options.firstDelayMs;
  for (let tries = 1; ; tries++) {
    options.signal.throwIfAborted();
    const result = await attempt();
    if (result !== undefined || tries >= options.tries) return result;
    await sleep(delayMs, undefined, { signal: options.signal });
    delayMs = Math.min(options.maxDelayMs, delayMs * 2);
  }
}
