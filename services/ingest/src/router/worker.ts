import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type Config, createLogger, Outage, openLog, untilAvailable } from '@parley/service-kit';
import type { FromRouterThread, ToRouterThread } from './messages';
import { Router, type RouterCounts } from './router';

/** Nice value of the thread. */
const BEHIND_WEBHOOKS = 10;
/** How long a start that is broken off may take to end by itself, so that it leaves a group that it has just joined. */
const BREAK_OFF_MS = 5_000;

/**
 * Under load a webhook's answer goes before its mapping, which can catch up. Linux takes the priority of the calling
 * thread here; elsewhere it would be that of the whole process.
 */
function stepBack(): void {
  if (process.platform === 'linux') setPriority(BEHIND_WEBHOOKS);
}

const NAME = 'ingest-router';

/** Thrown outside of any handler, it ends the thread. */
function onFatal(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** What the thread runs. A log that is away is waited for; any other error ends it, and with it the process. */
async function run(config: Config): Promise<void> {
  stepBack();
  const logger = createLogger(NAME, config.logLevel);
  const tell = (message: FromRouterThread) => parentPort?.postMessage(message);
  const { log, registry, close: closeLog } = await openLog(config, logger, NAME);
  const stopping = new AbortController();
  let router: Router | undefined;
  const opening = untilAvailable(
    { outage: new Outage(logger, 'the start of the router'), signal: stopping.signal },
    async () => {
      const onCounts = (counts: RouterCounts) => tell({ type: 'counts', counts });
      router = await Router.open({ config, logger, log, registry, onFatal }, { onCounts });
    },
  );
  const close = async () => {
    stopping.abort();
    await Promise.race([opening.catch(() => undefined), delay(BREAK_OFF_MS, undefined, { ref: false })]);
    await router?.close();
    await closeLog();
    // What is still under way ends with its log; nothing is left to be told.
    parentPort?.close();
  };
  parentPort?.on('message', (message: ToRouterThread) => {
    if (message.type === 'close' && !stopping.signal.aborted) void close();
  });
  try {
    await opening;
  } catch (error) {
    if (stopping.signal.aborted) return;
    throw error;
  }
  if (stopping.signal.aborted) return;
  tell({ type: 'ready' });
  await router?.done;
}

void run(workerData as Config);
