import { createServer, type Server } from 'node:http';
import type { SchemaRegistry } from '@parley/contracts';
import { isLogError, type Log } from '@parley/log';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { systemAuthenticator } from './auth/authenticate';
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
const KEEP_ALIVE_MS = 65_000;
/** Every commit of an LMDB environment holds a thread of libuv's pool until it is on disk; four would be a queue. */
const POOL_THREADS = '16';

export interface ServiceContext {
  readonly name: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly log: Log;
  readonly registry: SchemaRegistry;
  readonly metrics: Registry;
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

async function readiness(log: Log, parts: ServiceParts | undefined): Promise<Readiness> {
  if (!parts) return { ready: false, detail: { state: 'starting' } };
  try {
    await log.check();
  } catch (error) {
    return { ready: false, detail: { state: 'log unavailable', reason: (error as Error).message } };
  }
  return parts.ready();
}

/** Every service has these. Health needs no credential: an orchestrator asks before anything else works. */
function commonRoutes(ctx: ServiceContext, parts: () => ServiceParts | undefined): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/health',
      auth: null,
      handle: () => ({ status: 200, body: { status: 'UP', service: ctx.name } }),
    },
    {
      method: 'GET',
      path: '/ready',
      auth: null,
      handle: async () => {
        const { ready, detail } = await readiness(ctx.log, parts());
        return { status: ready ? 200 : 503, body: { ready, service: ctx.name, ...detail } };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      auth: systemAuthenticator(ctx.config),
      handle: async () => ({ status: 200, text: await ctx.metrics.metrics(), contentType: ctx.metrics.contentType }),
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

/**
 * Starts a service in this process: log, registry, HTTP. /health answers from the first moment, /ready once `start`
 * is done and says so.
 */
export async function startService(
  name: string,
  config: Config,
  port: number,
  start: StartService,
): Promise<RunningService> {
  const logger = createLogger(name, config.logLevel);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const { log, registry, close } = await openLog(config, logger);
  const ctx: ServiceContext = { name, config, logger, log, registry, metrics };

  let parts: ServiceParts | undefined;
  const common = commonRoutes(ctx, () => parts);
  let routes = common;
  const server = createServer(createApp({ routes: () => routes, logger, starting: () => parts === undefined }));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  let bound: number;
  try {
    bound = await listen(server, port);
  } catch (error) {
    await close();
    throw error;
  }
  logger.info({ port: bound }, 'listening');

  const stop = async () => {
    await drain(server);
    await parts?.close();
    server.closeAllConnections();
    await close();
  };
  try {
    parts = await start(ctx);
  } catch (error) {
    await stop();
    throw error;
  }
  routes = [...common, ...parts.routes];
  logger.info('started');
  return { port: bound, ctx, stop };
}

function isHopeless(error: unknown): boolean {
  return (
    error instanceof ConfigError ||
    isLogError(error, 'DATA_DIR_FOREIGN') ||
    isLogError(error, 'DATA_DIR_TORN') ||
    isLogError(error, 'TOPIC_MISMATCH') ||
    (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  );
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
    const running = startService(name, config, portOf(config), start);
    let stopping = false;
    const stop = () => {
      if (stopping) process.exit(1);
      stopping = true;
      setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
      running.then((service) => service.stop()).then(() => process.exit(0), fail);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // The supervisor is gone: nobody would stop this process any more.
    process.on('disconnect', stop);
    await running;
  };
  begin().catch(fail);
}
