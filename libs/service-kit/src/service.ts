import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SchemaRegistrar, SchemaRegistry } from '@parley/contracts';
import type { Log } from '@parley/log';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { systemAuthenticator } from './auth/authenticate';
import { isUnavailable, Outage, untilAvailable } from './availability';
import { type Config, ConfigError, loadConfig } from './config/config';
import { createApp } from './http/app';
import type { Route } from './http/route';
import { createLogger } from './logger';
import { openLog } from './open';

/** sysexits EX_CONFIG: starting again without a change is of no use; the supervisor does not. */
export const EXIT_CONFIG = 78;
const SHUTDOWN_MS = 25_000;
/** How long requests under way are waited for; less than a supervisor's patience. */
const DRAIN_MS = 5_000;
const DRAIN_SWEEP_MS = 20;
/** How long a start that was broken off is waited for. */
const BREAK_OFF_MS = 10_000;
const KEEP_ALIVE_MS = 65_000;
/** Every commit of an LMDB environment holds a thread of libuv's pool until it is on disk; four would be a queue. */
const POOL_THREADS = '16';

export interface ServiceContext {
  readonly name: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly log: Log;
  readonly registry: SchemaRegistry & SchemaRegistrar;
  readonly metrics: Registry;
  /** Aborted when the log is about to be closed: at the end, and after a start that did not get through or is broken off. */
  readonly ending: AbortSignal;
  /** Ends the process, for its supervisor to start it again: for what it can't go on after. */
  readonly onFatal: (error: unknown) => void;
}

export interface Readiness {
  readonly ready: boolean;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface ServiceParts {
  readonly routes: readonly Route[];
  ready(): Readiness | Promise<Readiness>;
  /** Finishes what is under way. The HTTP server takes nothing any more when it is called. */
  close(): Promise<void>;
}

export type StartService = (ctx: ServiceContext) => Promise<ServiceParts>;

export interface RunningService {
  readonly port: number;
  readonly ctx: ServiceContext;
  stop(): Promise<void>;
}

/** What there is of a service so far. */
interface Progress {
  ctx: ServiceContext;
  close: () => Promise<void>;
  parts: ServiceParts | undefined;
  /** What the start waits for, where it does. */
  waitsFor: string | undefined;
}

async function readiness({ ctx, parts, waitsFor }: Progress): Promise<Readiness> {
  if (!parts) return { ready: false, detail: { state: 'starting', ...(waitsFor && { reason: waitsFor }) } };
  try {
    await ctx.log.check();
  } catch (error) {
    return { ready: false, detail: { state: 'log unavailable', reason: (error as Error).message } };
  }
  return parts.ready();
}

/** Every service has these. Health needs no credential: an orchestrator asks before anything else works. */
function commonRoutes(name: string, config: Config, progress: Progress, ofProcess: Registry): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/health',
      auth: null,
      handle: () => ({ status: 200, body: { status: 'UP', service: name } }),
    },
    {
      method: 'GET',
      path: '/ready',
      auth: null,
      handle: async () => {
        const { ready, detail } = await readiness(progress);
        return { status: ready ? 200 : 503, body: { ready, service: name, ...detail } };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      auth: systemAuthenticator(config),
      handle: async () => {
        const all = Registry.merge([ofProcess, progress.ctx.metrics]);
        return { status: 200, text: await all.metrics(), contentType: all.contentType };
      },
    },
  ];
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Takes no more connections, and waits a while for the requests under way. Closing twice is quiet. */
async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that is kept alive is idle only once its request is answered.
  const sweep = setInterval(() => server.closeIdleConnections(), DRAIN_SWEEP_MS);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref())]);
  clearInterval(sweep);
}

/** Thrown outside of any handler. */
function throwOutside(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

async function openProgress(name: string, config: Config, logger: Logger): Promise<Progress> {
  const { log, registry, close: closeLog } = await openLog(config, logger, name);
  const ending = new AbortController();
  const ctx = {
    name,
    config,
    logger,
    log,
    registry,
    metrics: new Registry(),
    ending: ending.signal,
    onFatal: throwOutside,
  };
  const close = () => {
    ending.abort();
    return closeLog();
  };
  return { ctx, close, parts: undefined, waitsFor: undefined };
}

/** Starts the parts once the log answers; a log or a registry that is away is waited for. */
async function startParts(progress: Progress, start: StartService, signal: AbortSignal | undefined): Promise<void> {
  const { name, config, logger } = progress.ctx;
  const outage = new Outage(logger, 'the start');
  const onWait = ({ code, message }: Error & { readonly code: string }) => {
    progress.waitsFor = `${code}: ${message}`;
  };
  await untilAvailable({ outage, onWait, ...(signal && { signal }) }, async () => {
    await progress.ctx.log.check();
    try {
      const parts = await start(progress.ctx);
      if (signal?.aborted) await parts.close();
      else progress.parts = parts;
    } catch (error) {
      if (isUnavailable(error) && !signal?.aborted) {
        // What the attempt has opened ends with its log.
        await progress.close();
        Object.assign(progress, await openProgress(name, config, logger));
      }
      throw error;
    }
  });
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/**
 * Starts a service in this process: log, registry, HTTP. /health answers from the first moment, /ready once `start`
 * is done and says so. Resolves when it is: brokers and a registry that are away are waited for.
 * @param signal ends a start that is under way
 */
export async function startService(
  name: string,
  config: Config,
  port: number,
  start: StartService,
  signal?: AbortSignal,
): Promise<RunningService> {
  const logger = createLogger(name, config.logLevel);
  if (config.kafkaBrokers && config.madeSecrets.length > 0) {
    logger.warn({ settings: config.madeSecrets }, 'secrets were made in DATA_DIR: other machines don’t have them');
  }
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  const progress = await openProgress(name, config, logger);
  const common = commonRoutes(name, config, progress, ofProcess);
  let routes = common;
  const server = createServer(createApp({ routes: () => routes, logger, starting: () => !progress.parts }));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  let bound: number;
  try {
    bound = await listen(server, port);
  } catch (error) {
    await progress.close();
    throw error;
  }
  logger.info({ port: bound }, 'listening');

  const starting = startParts(progress, start, signal);
  const stop = async () => {
    await drain(server);
    await progress.parts?.close();
    server.closeAllConnections();
    await progress.close();
    const ended = starting.catch(() => undefined);
    await Promise.race([ended, delay(BREAK_OFF_MS, undefined, { ref: false })]);
  };
  try {
    await Promise.race([starting, untilAborted(signal)]);
  } catch (error) {
    await stop();
    throw error;
  }
  routes = [...common, ...(progress.parts?.routes ?? [])];
  logger.info('started');
  return { port: bound, ctx: progress.ctx, stop };
}

/** Errors that end a process for good until somebody changes something. */
const hopeless: ReadonlySet<unknown> = new Set([
  'DATA_DIR_FOREIGN',
  'DATA_DIR_TORN',
  'TOPIC_MISMATCH',
  'LOG_REFUSED',
  'REGISTRY_REFUSED',
  'SCHEMA_UNREGISTERED',
  'SCHEMA_INCOMPATIBLE',
  'EADDRINUSE',
]);

/** By code: an error that comes from a thread has lost its class. */
function isHopeless(error: unknown): boolean {
  return error instanceof ConfigError || hopeless.has((error as { readonly code?: unknown } | undefined)?.code);
}

/** The whole of a service's main: configuration from the environment, signals, exit codes. */
export function runService(name: string, portOf: (config: Config) => number, start: StartService): void {
  // Read by libuv when the pool is first used, which nothing has done yet.
  process.env.UV_THREADPOOL_SIZE ??= POOL_THREADS;
  const fail = (error: unknown) => {
    const hopeless = isHopeless(error);
    const text = error instanceof Error ? (hopeless ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${name}: ${text}\n`);
    process.exit(hopeless ? EXIT_CONFIG : 1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  const begin = async () => {
    const config = loadConfig(process.env);
    const stopping = new AbortController();
    const running = startService(name, config, portOf(config), start, stopping.signal);
    const stop = () => {
      if (stopping.signal.aborted) process.exit(1);
      setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
      running
        .then((service) => service.stop())
        .then(
          () => process.exit(0),
          // A start that was broken off is no failure.
          (error: unknown) => ((error as Error).name === 'AbortError' ? process.exit(0) : fail(error)),
        );
      stopping.abort();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // The supervisor is gone: nobody would stop this process any more.
    process.on('disconnect', stop);
    await running.catch((error: unknown) => {
      if (!stopping.signal.aborted) throw error;
    });
  };
  begin().catch(fail);
}
