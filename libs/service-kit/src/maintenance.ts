import { setTimeout as delay } from 'node:timers/promises';
import { isLogError, type Log } from '@parley/log';
import type { Logger } from 'pino';

const EVERY_MS = 5 * 60_000;

/**
 * Compacts the log and lets old records go, every few minutes, until stopped. One service of an installation does it;
 * with Kafka the broker does, and a pass is nothing.
 */
export function maintainLog({ log, logger }: { readonly log: Log; readonly logger: Logger }): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();
  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        const { removed } = await log.maintain(Date.now());
        if (removed > 0) logger.info({ removed }, 'log maintained');
      } catch (error) {
        if (!isLogError(error, 'LOG_CLOSED')) logger.error({ err: error }, 'log could not be maintained');
      }
      await delay(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const done = run();
  return {
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
