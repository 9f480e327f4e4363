import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ProcessOptions, type ServiceEvent, ServiceProcess, type ServiceSpec } from './service-process';

const GRACE_MS = 10_000;

export interface SupervisorOptions {
  readonly services: readonly ServiceSpec[];
  /** Environment of the children. */
  readonly env: NodeJS.ProcessEnv;
  /** Made if it is missing; holds `<service>.pid` of each live child. */
  readonly runDir: string;
  /** Each line that a child writes to stdout or stderr. */
  readonly onLine: ProcessOptions['onLine'];
  readonly onEvent: ProcessOptions['onEvent'];
  /** How long a child may take to end before it is killed, milliseconds; default 10 s. */
  readonly graceMs?: number;
  /** The compiled leash.js; default the one beside this file. */
  readonly leash?: string;
}

/**
 * Runs services as child processes: one that ends is started again with a back-off, but for one that exits with
 * EX_CONFIG. No child outlives the supervisor, not even where that is killed.
 */
export class Supervisor {
  private readonly processes: readonly ServiceProcess[];
  private readonly unready: Set<string>;
  private readonly waiters: (() => void)[] = [];

  constructor(private readonly options: SupervisorOptions) {
    this.unready = new Set(options.services.map((service) => service.name));
    const processOptions: ProcessOptions = {
      env: options.env,
      runDir: options.runDir,
      leash: options.leash ?? join(__dirname, 'leash.js'),
      onLine: options.onLine,
      onEvent: (event) => this.heard(event),
    };
    this.processes = options.services.map((service) => new ServiceProcess(service, processOptions));
  }

  start(): void {
    mkdirSync(this.options.runDir, { recursive: true });
    for (const process of this.processes) process.start();
  }

  /** Resolves when all services are ready at once; never, where one gives up (`onEvent` tells). */
  ready(): Promise<void> {
    return this.unready.size === 0 ? Promise.resolve() : new Promise((resolve) => this.waiters.push(resolve));
  }

  /** SIGTERM to all; resolves when all have ended. Those that take longer than graceMs are killed. */
  async stop(): Promise<void> {
    const graceMs = this.options.graceMs ?? GRACE_MS;
    await Promise.all(this.processes.map((process) => process.stop(graceMs)));
  }

  /** Ends all at once. The log and the stores are made for that. */
  kill(): void {
    for (const process of this.processes) process.kill();
  }

  private heard(event: ServiceEvent): void {
    if (event.type === 'ready') this.unready.delete(event.service);
    if (event.type === 'exited') this.unready.add(event.service);
    this.options.onEvent(event);
    if (this.unready.size === 0) for (const resolve of this.waiters.splice(0)) resolve();
  }
}
