import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ServiceContext } from '@parley/service-kit';
import { Counter } from 'prom-client';
import type { RunningRouter } from '../start';
import type { FromRouterThread, ToRouterThread } from './messages';
import type { RouterCounts } from './router';

/**
 * Runs the router in a thread of its own, so that mapping never delays a webhook. A thread that ends unasked ends the
 * process: webhooks that nobody maps must not pile up behind a service that looks well.
 */
export function startRouterThread({ config, logger, metrics, ending }: ServiceContext): Promise<RunningRouter> {
  const worker = new Worker(join(__dirname, 'worker.js'), { workerData: config });
  const count = countersIn(metrics);
  const tell = (message: ToRouterThread) => worker.postMessage(message);
  let ready = false;
  let closing = false;
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  // A start that is broken off: the thread still waits for the log, or has just joined the group.
  ending.addEventListener('abort', () => tell({ type: 'close' }), { once: true });

  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      if (!ready) return reject(error);
      ready = false;
      if (closing) return;
      logger.fatal({ err: error }, 'the router failed');
      process.exit(1);
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`the router's thread ended with ${code}`)));
    worker.on('message', (message: FromRouterThread) => {
      if (message.type === 'counts') return count(message.counts);
      ready = true;
      resolve({
        ready: () => ready,
        close: () => {
          closing = true;
          tell({ type: 'close' });
          return ended;
        },
      });
    });
  });
}

function countersIn(registry: ServiceContext['metrics']): (counts: RouterCounts) => void {
  const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] });
  const records = counter('parley_router_records_total', 'Raw records routed');
  const events = counter('parley_router_events_total', 'Conversation events appended by the router');
  const deadLetters = counter('parley_router_dead_letters_total', 'Parts of raw records that could not be used');
  return (counts) => {
    records.inc(counts.records);
    events.inc(counts.events);
    deadLetters.inc(counts.deadLetters);
  };
}
