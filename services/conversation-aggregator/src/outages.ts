import { setTimeout as delay } from 'node:timers/promises';
import { isRegistryError } from '@parley/contracts';
import { isLogError } from '@parley/log';
import type { Logger } from 'pino';

/** Outage of the log as a whole, as whoever looks at its ends finds it. */
export const LOG = 'log';
const FIRST_WAIT_MS = 100;
const WAIT_MS_MAX = 4_000;

/** Whether the same call may go through later: brokers or the registry are away. */
export function isPassing(error: unknown): boolean {
  return (isLogError(error) || isRegistryError(error)) && error.retryable;
}

/** What this process waits for: the log does not answer, say. One line when it begins, one when it is over. */
export class Outages {
  private readonly lasting = new Map<string, string>();

  constructor(private readonly logger: Logger) {}

  begin(what: string, error: unknown): void {
    const isNew = !this.lasting.has(what);
    this.lasting.set(what, error instanceof Error ? error.message : String(error));
    if (isNew) this.logger.warn({ err: error, waitingFor: what }, 'waiting for what does not answer');
  }

  over(what: string): void {
    if (this.lasting.delete(what)) this.logger.info({ waitedFor: what }, 'it answers again');
  }

  isLasting(what: string): boolean {
    return this.lasting.has(what);
  }

  /** What is waited for now, each with the last reason given. */
  current(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.lasting);
  }

  /**
   * Calls until it goes through, with growing pauses.
   * @param isWaitedOut errors that are not the end of it
   * @throws any other error; the last one, when aborted
   */
  async persist<T>(
    what: string,
    call: () => Promise<T>,
    signal: AbortSignal,
    isWaitedOut: (error: unknown) => boolean = isPassing,
  ): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        const result = await call();
        this.over(what);
        return result;
      } catch (error) {
        if (signal.aborted) throw error;
        if (!isWaitedOut(error)) {
          this.over(what);
          throw error;
        }
        this.begin(what, error);
        const waitMs = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** tries);
        await delay(waitMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
        if (signal.aborted) throw error;
      }
    }
  }
}
