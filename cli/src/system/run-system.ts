import { join } from 'node:path';
import type { Config } from '@parley/service-kit';
import { formatLine, LEVEL_INFO, LEVEL_WARN, type LogLine } from '../supervisor/log-line';
import type { ServiceEvent } from '../supervisor/service-process';
import { Supervisor } from '../supervisor/supervisor';
import { leftoversAfter } from './leftovers';
import { portFaults } from './ports';
import { servicesOf } from './services';

/** As long as a service that lost its supervisor may take to end, and a little. */
const LEFTOVERS_MS = 12_000;
/** npm passes a terminal's Ctrl-C on to a process that has had it already: so soon after, it is the same one. */
const ECHO_MS = 300;
const LEVEL_ERROR = 50;
const SUPERVISOR = 'supervisor';

export interface RunOptions {
  readonly config: Config;
  /** Environment of the services. */
  readonly env: NodeJS.ProcessEnv;
  readonly colour: boolean;
  /** What has to be done before any service runs. Nothing is started where it fails. */
  readonly prepare?: () => Promise<void>;
  /** Each line of the services' and the supervisor's logs, readable. */
  readonly onLine: (line: LogLine) => void;
  /** Called once when all services are ready. What it resolves to tells whether the system stays up or stops. */
  readonly onUp: (stopping: AbortSignal) => Promise<'stay' | 'stop'>;
}

/** The start can't go on, and the message tells what to change. */
export class StartError extends Error {
  readonly code = 'START_REFUSED';
}

interface Entry {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function entryOf(event: ServiceEvent): Entry {
  switch (event.type) {
    case 'started':
      return { level: LEVEL_INFO, msg: `started pid=${event.pid}` };
    case 'ready':
      return { level: LEVEL_INFO, msg: 'ready' };
    case 'gave-up':
      return { level: LEVEL_ERROR, msg: 'can not start as configured; not started again' };
    case 'exited':
      return event.restartInMs === null
        ? { level: LEVEL_INFO, msg: 'ended', how: event.how }
        : { level: LEVEL_WARN, msg: 'ended by itself', how: event.how, restartInMs: event.restartInMs };
  }
}

const runDirOf = (config: Config): string => join(config.dataDir, 'run');

/** @throws StartError  another system runs on the data directory, or a port can't be had */
export async function refuseIfBusy(config: Config): Promise<void> {
  const services = servicesOf(config);
  const left = await leftoversAfter(LEFTOVERS_MS, runDirOf(config), services);
  if (left.length > 0) {
    const who = left.map(({ service, pid }) => `${service} (pid ${pid})`).join(', ');
    throw new StartError(`DATA_DIR: ${config.dataDir} is in use by ${who}; stop that system or name another directory`);
  }
  const faults = await portFaults(services);
  if (faults.length > 0) throw new StartError(`the ports can not be had:\n${faults.map((f) => `  ${f}`).join('\n')}`);
}

/**
 * Runs the four services until a signal, until one gives up, or until `onUp` says so. SIGINT and SIGTERM stop all in
 * order, a second one at once.
 * @returns exit code: 0 where it was told to stop, 1 where a service gave up or had no time to end
 * @throws StartError  nothing was started; and whatever `prepare` and `onUp` throw, all being stopped
 */
export async function runSystem(options: RunOptions): Promise<number> {
  const { config, colour } = options;
  await refuseIfBusy(config);
  await options.prepare?.();

  const services = servicesOf(config);
  const style = { colour, nameWidth: Math.max(...services.map((service) => service.name.length)) };
  const say = (who: string, entry: Entry) =>
    options.onLine(formatLine(who, JSON.stringify({ time: Date.now(), ...entry }), style));

  const stopping = new AbortController();
  let exitCode = 0;
  const stop = (code: number) => {
    if (!stopping.signal.aborted) exitCode = code;
    stopping.abort();
  };
  // Secrets that were made are those of all four: to a service alone they would look like its own.
  const secrets = { SYSTEM_TOKEN: config.systemToken, JWT_SECRET: config.jwtSecret };
  const supervisor = new Supervisor({
    services,
    env: { ...options.env, ...secrets },
    runDir: runDirOf(config),
    onLine: (service, line) => options.onLine(formatLine(service, line, style)),
    onEvent: (event) => {
      say(event.service, entryOf(event));
      if (event.type === 'gave-up') stop(1);
    },
  });
  let signalledAt = Number.NEGATIVE_INFINITY;
  const signalled = (signal: NodeJS.Signals) => {
    const again = performance.now() - signalledAt < ECHO_MS;
    signalledAt = performance.now();
    if (again) return;
    say(SUPERVISOR, { level: LEVEL_INFO, msg: `${signal}: stopping` });
    if (!stopping.signal.aborted) return stop(0);
    supervisor.kill();
    exitCode = 1;
  };
  process.on('SIGINT', signalled);
  process.on('SIGTERM', signalled);

  const stopped = new Promise((resolve) => stopping.signal.addEventListener('abort', resolve, { once: true }));
  supervisor.start();
  let failure: unknown;
  await Promise.race([
    stopped,
    supervisor
      .ready()
      .then(() => options.onUp(stopping.signal))
      .then((then) => (then === 'stop' ? undefined : stopped))
      .catch((error: unknown) => {
        // An abort that stopping caused is no failure.
        if (!stopping.signal.aborted) failure = error;
      }),
  ]);
  stopping.abort();
  await supervisor.stop();
  process.off('SIGINT', signalled);
  process.off('SIGTERM', signalled);
  if (failure) throw failure;
  return exitCode;
}
