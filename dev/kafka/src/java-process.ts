import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const POLL_MS = 50;
/** Generous: several of these start at once on small machines. */
const START_DEADLINE_MS = 180_000;
const STOP_DEADLINE_MS = 20_000;
const STOPPED_POLL_MS = 5;
const TOLD_OF_LOG = 4_000;

export interface JavaProgram {
  /** For messages. */
  readonly name: string;
  readonly args: readonly string[];
  /** Where it prints to; appended. */
  readonly logFile: string;
  /** Resolves true once it serves. */
  readonly serves: () => Promise<boolean>;
  /**
   * Folder that goes with the program if the process that started it dies, however it dies. Undefined: the program
   * outlives its starter.
   */
  readonly leashedTo: string | undefined;
}

/**
 * A shell that waits until this process is gone, however it went, and ends the program then: a JVM has no way to
 * notice that nobody wants it any more.
 */
function leash(pid: number, dir: string): ChildProcess {
  const script = 'cat >/dev/null; kill -KILL "$1"; sleep 1; rm -rf "$2"';
  const child = spawn('sh', ['-c', script, 'leash', String(pid), dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  // Its own type does not say so, but a pipe is a socket.
  (child.stdin as unknown as { unref(): void }).unref();
  return child;
}

async function isStopped(pid: number | undefined): Promise<boolean> {
  return run('ps', ['-o', 'stat=', '-p', String(pid)]).then(
    ({ stdout }) => stdout.startsWith('T'),
    () => false,
  );
}

/** A JVM that serves something, restartable under the same settings. */
export class JavaProcess {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();

  constructor(private readonly program: JavaProgram) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when it serves. Does nothing if it runs. */
  async start(): Promise<void> {
    if (this.child !== undefined) return;
    const child = this.spawn();
    const until = performance.now() + START_DEADLINE_MS;
    while (!(await this.program.serves())) {
      if (this.child !== child) throw new Error(`${this.program.name} ended while it started\n${this.tail()}`);
      if (performance.now() > until) {
        await this.kill();
        throw new Error(`${this.program.name} did not serve within ${START_DEADLINE_MS} ms\n${this.tail()}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Ends it at once, without any chance to tidy up. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended();
  }

  /** Ends it in order; by force if it takes too long. */
  async stop(): Promise<void> {
    const child = this.child;
    child?.kill('SIGTERM');
    const patience = setTimeout(() => child?.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.ended();
    clearTimeout(patience);
  }

  /**
   * Freezes it: its connections stay open and nothing answers. Resolves when it stands still, which on a busy machine is
   * some time after the signal.
   */
  async pause(): Promise<void> {
    const { child } = this;
    child?.kill('SIGSTOP');
    while (child !== undefined && child === this.child && !(await isStopped(child.pid))) await sleep(STOPPED_POLL_MS);
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Nothing else may keep this process going: it would end, without a word, before the program has. */
  private async ended(): Promise<void> {
    this.child?.ref();
    await this.exited;
  }

  private spawn(): ChildProcess {
    const log = openSync(this.program.logFile, 'a');
    const child = spawn('java', this.program.args, { detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    child.unref();
    const { leashedTo } = this.program;
    const held = leashedTo === undefined || child.pid === undefined ? undefined : leash(child.pid, leashedTo);
    this.child = child;
    this.exited = new Promise((resolve) => {
      const gone = () => {
        // Before the number can be another program's.
        held?.kill('SIGKILL');
        this.child = undefined;
        resolve();
      };
      child.once('exit', gone);
      child.once('error', gone);
    });
    return child;
  }

  private tail(): string {
    return readFileSync(this.program.logFile, 'utf8').slice(-TOLD_OF_LOG);
  }
}
