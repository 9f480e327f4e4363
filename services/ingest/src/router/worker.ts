import { parentPort, workerData } from 'node:worker_threads';
import { type Config, createLogger, openLog } from '@parley/service-kit';
import type { FromRouterThread, ToRouterThread } from './messages';
import { Router } from './router';

/** What the thread runs. An error ends it, and with it the process. */
async function run(config: Config): Promise<void> {
  const logger = createLogger('ingest-router', config.logLevel);
  const tell = (message: FromRouterThread) => parentPort?.postMessage(message);
  const { log, registry } = await openLog(config, logger);
  const router = await Router.open(
    { config, logger, log, registry },
    { onCounts: (counts) => tell({ type: 'counts', counts }) },
  );
  const close = async () => {
    await router.close();
    await log.close();
    parentPort?.close();
  };
  parentPort?.on('message', (message: ToRouterThread) => {
    if (message.type === 'close') void close();
  });
  tell({ type: 'ready' });
  await router.done;
}

void run(workerData as Config);
