import { isLogError, type LogError } from '../errors';
import { backoffMs, pause } from './backoff';
import { BrokerError, isRefusal, logClosed, mayPass, refused, unavailable } from './errors';

const PATIENCE_MS = 5000;

/**
 * Repeats what may go through at the next try: leaders and coordinators move, connections break.
 * @param signal aborts when the log is closed
 * @throws LOG_UNAVAILABLE  still failing when patience ended; LOG_CLOSED; else whatever `work` threw
 */
export async function patiently<T>(
  signal: AbortSignal,
  work: () => Promise<T>,
  { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw logClosed();
      if (!mayPass(error)) throw told(error);
      const waitMs = backoffMs(attempt);
      if (performance.now() + waitMs >= deadline) throw told(error);
      await pause(waitMs, signal);
    }
  }
}

/** A broker's code is told as what it is for a caller of the port. */
function told(error: unknown): LogError | unknown {
  if (isLogError(error) || !(error instanceof BrokerError)) return error;
  return (isRefusal(error) ? refused : unavailable)('the request failed', error);
}
