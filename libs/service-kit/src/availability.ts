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

/**
 * Nothing that failed for so long is failing: longer than it takes until a reader tells again that the log is away, which
 * in between says that nothing came. Milliseconds.
 */
const QUIET_MS = 15_000;

/** Says once that something is away and once that it is back, however often it is tried in between. */
export class Outage {
  private code: string | undefined;
  private failedAt = 0;

  /**
   * @param what    the part of the service that waits
   * @param saying  what is logged at the beginning and at the end
   */
  constructor(
    private readonly logger: Pick<Logger, 'warn' | 'info'>,
    what: string,
    private readonly saying = { begin: `${what} waits`, end: `${what} goes on` },
  ) {}

  goesOn({ code, message }: { readonly code: string; readonly message: string }): void {
    this.failedAt = performance.now();
    if (this.code === code) return;
    this.code = code;
    this.logger.warn({ code, reason: message }, this.saying.begin);
  }

  /** It was seen to work. */
  isOver(): void {
    if (this.code === undefined) return;
    this.code = undefined;
    this.logger.info(this.saying.end);
  }

  /** Nothing failed, and nothing was seen to work: it is over once that has been so for a while. */
  isQuiet(): void {
    if (performance.now() - this.failedAt > QUIET_MS) this.isOver();
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
