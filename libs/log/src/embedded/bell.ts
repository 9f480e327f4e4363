import { closeSync, type FSWatcher, openSync, readSync, watch, writeSync } from 'node:fs';

export interface Warn {
  warn(facts: object, message: string): void;
}

/** A missed event of the file system costs a reader at most this much. */
const POLL_MS = 50;
/** A writer killed between its commit and the bell: waiters look at the data itself that often. */
const WAIT_MS_MAX = 1000;

const waitedFor = new Set<Bell>();
let ticker: NodeJS.Timeout | undefined;

function tick(): void {
  for (const bell of waitedFor) bell.listen();
}

/**
 * Wakes who waits for changes, over all processes: the ringer writes a small file that the others watch.
 * `rung` only rises; who waits states the value it saw before it looked, so that no ring is lost between.
 */
export class Bell {
  rung = 0;
  private readonly waiters = new Set<() => void>();
  private readonly fd: number;
  private readonly watcher: FSWatcher | undefined;
  private last = 0n;
  private closed = false;
  private readonly note = Buffer.alloc(8);

  constructor(path: string, logger?: Warn) {
    try {
      this.fd = openSync(path, 'r+');
    } catch {
      this.fd = openSync(path, 'a+');
      closeSync(this.fd);
      this.fd = openSync(path, 'r+');
    }
    this.last = this.seen();
    try {
      this.watcher = watch(path, { persistent: false }, () => this.listen());
      this.watcher.on('error', () => {});
    } catch (error) {
      logger?.warn({ path, err: error }, 'files cannot be watched; other processes are noticed by polling');
    }
  }

  /** To be called after the change is durable. */
  ring(): void {
    if (this.closed) return;
    this.last = process.hrtime.bigint();
    this.note.writeBigUInt64BE(this.last);
    writeSync(this.fd, this.note, 0, 8, 0);
    this.wake();
  }

  /** Wakes the waiters if another process has rung. */
  listen(): void {
    if (this.closed) return;
    const seen = this.seen();
    if (seen === this.last) return;
    this.last = seen;
    this.wake();
  }

  private seen(): bigint {
    const note = Buffer.alloc(8);
    return readSync(this.fd, note, 0, 8, 0) === 8 ? note.readBigUInt64BE(0) : 0n;
  }

  private wake(): void {
    this.rung++;
    for (const waiter of [...this.waiters]) waiter();
  }

  add(waiter: () => void): void {
    this.waiters.add(waiter);
    waitedFor.add(this);
    ticker ??= setInterval(tick, POLL_MS).unref();
  }

  delete(waiter: () => void): void {
    this.waiters.delete(waiter);
    if (this.waiters.size > 0) return;
    waitedFor.delete(this);
    if (waitedFor.size > 0) return;
    clearInterval(ticker);
    ticker = undefined;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.watcher?.close();
    closeSync(this.fd);
    this.wake();
  }
}

/** Something that can be waited for. */
export interface Signal {
  readonly rung: number;
  add(waiter: () => void): void;
  delete(waiter: () => void): void;
}

/** A bell within the process. */
export class LocalBell implements Signal {
  rung = 0;
  private readonly waiters = new Set<() => void>();

  ring(): void {
    this.rung++;
    for (const waiter of [...this.waiters]) waiter();
  }

  add(waiter: () => void): void {
    this.waiters.add(waiter);
  }

  delete(waiter: () => void): void {
    this.waiters.delete(waiter);
  }
}

/**
 * Resolves when one of the bells has been rung since `seen` was taken, when the time is over (or a second: the caller
 * looks again), or when aborted.
 */
export function waitForRing(
  bells: readonly { readonly bell: Signal; readonly seen: number }[],
  options: { readonly ms: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  return new Promise((resolve) => {
    const { signal } = options;
    if (signal?.aborted || bells.some(({ bell, seen }) => bell.rung !== seen)) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      for (const { bell } of bells) bell.delete(done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(options.ms, WAIT_MS_MAX));
    signal?.addEventListener('abort', done);
    for (const { bell } of bells) bell.add(done);
  });
}
