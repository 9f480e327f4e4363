import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Backoff } from './backoff';
import { eachLine } from './lines';
import { untilReady } from './until-ready';

/** sysexits EX_CONFIG: starting again without a change is of no use. The services exit with it. */
export const EXIT_CONFIG = 78;

export interface ServiceSpec {
  /** Also the name of its pid file. */
  readonly name: string;
  /** JavaScript file that the process runs. */
  readonly script: string;
  /** Answers 2xx when the service can take work. */
  readonly readyUrl: string;
}

export type ServiceEvent =
  | { readonly type: 'started'; readonly service: string; readonly pid: number }
  | { readonly type: 'ready'; readonly service: string }
  /** restartInMs is null where it is not started again: it was told to stop, or gave up. */
  | { readonly type: 'exited'; readonly service: string; readonly how: string; readonly restartInMs: number | null }
  /** It exited with EX_CONFIG: a person has to change something. */
  | { readonly type: 'gave-up'; readonly service: string };

export interface ProcessOptions {
  readonly env: NodeJS.ProcessEnv;
  /** `<name>.pid` is kept here while the process lives. Must exist. */
  readonly runDir: string;
  readonly leash: string;
  readonly onLine: (service: string, line: string) => void;
  readonly onEvent: (event: ServiceEvent) => void;
}

/** One service kept alive in a process of its own. */
export class ServiceProcess {
  private readonly backoff = new Backoff();
  private child: ChildProcess | undefined;
  private gone: Promise<void> = Promise.resolve();
  private restart: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(
    readonly spec: ServiceSpec,
    private readonly options: ProcessOptions,
  ) {}

  start(): void {
    const { name, script } = this.spec;
    const startedAt = performance.now();
    // A process group of its own: Ctrl-C reaches the supervisor alone, who then stops all in order.
    const child = spawn(process.execPath, ['--enable-source-maps', '--require', this.options.leash, script], {
      env: this.options.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    this.child = child;
    const life = new AbortController();
    this.gone = new Promise((resolve) => {
      const end = (how: string, code: number | null) => {
        if (life.signal.aborted) return;
        life.abort();
        this.ended(how, code, performance.now() - startedAt);
        resolve();
      };
      child.once('error', (error) => end(error.message, null));
      // `close`, not `exit`: the last lines are through then.
      child.once('close', (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`, code));
    });
    if (child.stdout) eachLine(child.stdout, (line) => this.options.onLine(name, line));
    if (child.stderr) eachLine(child.stderr, (line) => this.options.onLine(name, line));
    if (child.pid !== undefined) this.began(child.pid, life.signal);
  }

  /** Asks the process to end and resolves when it has; after graceMs it is killed. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restart);
    this.child?.kill('SIGTERM');
    const kill = setTimeout(() => this.kill(), graceMs);
    await this.gone;
    clearTimeout(kill);
  }

  kill(): void {
    this.stopping = true;
    clearTimeout(this.restart);
    this.child?.kill('SIGKILL');
  }

  private began(pid: number, life: AbortSignal): void {
    const { name, readyUrl } = this.spec;
    writeFileSync(this.pidFile(), `${pid}\n`);
    this.options.onEvent({ type: 'started', service: name, pid });
    void untilReady(readyUrl, life).then((ready) => {
      if (ready && !life.aborted) this.options.onEvent({ type: 'ready', service: name });
    });
  }

  private ended(how: string, code: number | null, ranMs: number): void {
    const { name } = this.spec;
    this.child = undefined;
    rmSync(this.pidFile(), { force: true });
    const gaveUp = code === EXIT_CONFIG && !this.stopping;
    const restartInMs = this.stopping || gaveUp ? null : this.backoff.after(ranMs);
    this.options.onEvent({ type: 'exited', service: name, how, restartInMs });
    if (gaveUp) this.options.onEvent({ type: 'gave-up', service: name });
    // Told to stop by whoever heard the event: then there is nothing to restart.
    if (restartInMs !== null && !this.stopping) this.restart = setTimeout(() => this.start(), restartInMs);
  }

  private pidFile(): string {
    return join(this.options.runDir, `${this.spec.name}.pid`);
  }
}
