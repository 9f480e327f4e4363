/**
 * How long to wait before try number `attempt` (0 is the first repetition), milliseconds: doubles, with jitter, so
 * that clients that lost the same broker do not all come back in the same moment.
 */
export function backoffMs(attempt: number, { first = 50, most = 1000 } = {}): number {
  const full = Math.min(most, first * 2 ** Math.min(attempt, 20));
  return full / 2 + Math.random() * (full / 2);
}

/** Resolves after the time, or at once when aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
