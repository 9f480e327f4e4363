import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type Config, createLogger, Outage, openLog, untilAvailable } from '@parley/service-kit';
import type { FromRouterThread, ToRouterThread } from './messages';
import { Router } from './router';

/** Nice value of the thread. */
const BEHIND_WEBHOOKS = 10;

/**
 * Under load a webhook's answer goes before its mapping, which can catch up. Linux takes the priority of the calling
 * thread here; elsewhere it would be that of the whole process.
 */
function stepBack(): void {
  if (process.platform === 'linux') setPriority(BEHIND_WEBHOOKS);
}

const NAME = 'ingest-router';

/** What the thread runs. A log that is away is waited for; any other error ends it, and with it the process. */
async function run(config: Config): Promise<void> {
  stepBack();
  const logger = createLogger(NAME, config.logLevel);
  const tell = (message: FromRouterThread) => parentPort?.postMessage(message);
  const { log, registry, close: closeLog } = await openLog(config, logger, NAME);
  const router = await untilAvailable({ outage: new Outage(logger, 'the start of the router') }, () =>
    Router.open({ config, logger, log, registry }, { onCounts: (counts) => tell({ type: 'counts', counts }) }),
  );
  const close = async () => {
    await router.close();
    await closeLog();
    parentPort?.close();
  };
  parentPort?.on('message', (message: ToRouterThread) => {
    if (message.type === 'close') void close();
  });
  tell({ type: 'ready' });
  await router.done;
}

void run(workerData as Config);
