const POLL_MS = 50;

async function status(port: number): Promise<number | undefined> {
  return fetch(`http://127.0.0.1:${port}/ready`).then(
    (answer) => answer.status,
    () => undefined,
  );
}

/** An aggregator from its first answer, so that the process's start is left out, until all is folded and found. */
export async function untilFolded(port: number): Promise<{ readonly sinceMs: number; readonly foldedMs: number }> {
  let sinceMs: number | undefined;
  for (;;) {
    const now = await status(port);
    if (now !== undefined) sinceMs ??= performance.now();
    if (sinceMs !== undefined && now === 200) return { sinceMs, foldedMs: performance.now() - sinceMs };
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
