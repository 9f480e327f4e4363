import { setTimeout as delay } from 'node:timers/promises';
import { isRegistryError } from '@parley/contracts';
import { isLogError } from '@parley/log';
import type { Logger } from 'pino';

const FIRST_DELAY_MS = 250;
const DELAY_MAX_MS = 5_000;

/** Whether the log or the registry does not answer now, so that the same may go through later. */
export function isUnavailable(error: unknown): error is Error & { readonly code: string } {
  return (isLogError(error) || isRegistryError(error)) && error.retryable;
}

/** Says once that something is away and once that it is back, however often it is tried in between. */
export class Outage {
  private code: string | undefined;

  /** @param what the part of the service that waits */
  constructor(
    private readonly logger: Pick<Logger, 'warn' | 'info'>,
    private readonly what: string,
  ) {}

  goesOn({ code, message }: Error & { readonly code: string }): void {
    if (this.code === code) return;
    this.code = code;
    this.logger.warn({ code, reason: message }, `${this.what} waits`);
  }

  isOver(): void {
    if (this.code === undefined) return;
    this.code = undefined;
    this.logger.info(`${this.what} goes on`);
  }
}

export interface WaitOptions {
  readonly outage: Outage;
  /** Ends the waiting: the call rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Told of each failure. */
  readonly onWait?: (error: Error & { readonly code: string }) => void;
}

/**
 * Tries until the log and the registry are there, at growing distances of at most some seconds.
 * @throws what `attempt` throws that waiting does not mend
 */
export async function untilAvailable<T>(options: WaitOptions, attempt: () => Promise<T>): Promise<T> {
  const { outage, signal, onWait } = options;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(DELAY_MAX_MS, delayMs * 2)) {
    signal?.throwIfAborted();
    try {
      const result = await attempt();
      outage.isOver();
      return result;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      outage.goesOn(error);
      onWait?.(error);
    }
    // Many processes that lost the same broker must not come back at the same moment.
    await delay(delayMs * (0.5 + Math.random() / 2), undefined, { signal });
  }
}
