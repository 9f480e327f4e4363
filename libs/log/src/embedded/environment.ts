import { realpathSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';
import { LogError } from '../errors';

/** Address space, not memory: one map size for every environment, so that no process has to follow another's growth. */
const MAP_BYTES = 128 * 2 ** 30;
const READERS_MAX = 512;

export type Database = RootDatabase<Buffer, Buffer>;

/** One piece of work of a commit; what it returns is handed out once the commit is durable. */
interface Job {
  readonly work: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/*
 * Opening an environment takes its writer lock on the main thread. A process must not do so while a commit of its own
 * holds another's lock and waits for that thread: two such processes would wait for each other for ever. So opening
 * waits for the running commits to end, and holds back new ones.
 */
let commitsRunning = 0;
let opening: Promise<void> | null = null;
let lastCommitEnded: (() => void) | undefined;

async function duringCommit<T>(commit: () => Promise<T>): Promise<T> {
  while (opening) await opening;
  commitsRunning++;
  try {
    return await commit();
  } finally {
    if (--commitsRunning === 0) lastCommitEnded?.();
  }
}

async function betweenCommits<T>(open: () => T): Promise<T> {
  while (opening) await opening;
  let opened = () => {};
  opening = new Promise((resolve) => {
    opened = resolve;
  });
  try {
    if (commitsRunning > 0) {
      await new Promise<void>((resolve) => {
        lastCommitEnded = resolve;
      });
    }
    return open();
  } finally {
    opening = null;
    lastCommitEnded = undefined;
    opened();
  }
}

/**
 * One LMDB environment with keys and values as bytes. Writes of this process are committed together; a write that has
 * resolved is on disk, and no reader of any process sees one that is not: without overlapping sync LMDB writes the
 * pages, syncs them, writes the meta page through a synchronous descriptor and only then publishes the transaction
 * (mdb_txn_commit and mdb_env_write_meta in lmdb's mdb.c).
 */
export class Environment {
  private jobs: Job[] = [];
  private committing: Promise<void> | null = null;

  constructor(private readonly db: Database) {}

  /** The newest durable state. Valid until the caller gives way to the event loop. */
  read(): Database {
    // lmdb keeps a read transaction to the end of the event loop's turn; another process may have committed since.
    this.db.resetReadTxn();
    return this.db;
  }

  /**
   * Runs `work` in a write transaction, together with others that wait; durable when it resolves. Synchronous work
   * only. Where one throws, the whole commit is undone, and each job of it fails.
   */
  write<T>(work: (db: Database) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.jobs.push({ work: () => work(this.db), resolve, reject });
      this.committing ??= this.commitAll();
    });
  }

  private async commitAll(): Promise<void> {
    while (this.jobs.length > 0) {
      let taken: Job[] = [];
      let results: unknown[] = [];
      try {
        await duringCommit(() =>
          this.db.childTransaction(() => {
            taken = this.jobs.splice(0);
            results = taken.map((job) => job.work());
          }),
        );
        for (const [index, job] of taken.entries()) job.resolve(results[index] as never);
      } catch (cause) {
        const failed = taken.length > 0 ? taken : this.jobs.splice(0);
        for (const job of failed) job.reject(asLogError(cause));
      }
    }
    this.committing = null;
  }

  /** Frees the slots of readers that were killed: they would keep LMDB from using pages again. */
  clearStaleReaders(): void {
    this.db.readerCheck();
  }

  async close(): Promise<void> {
    await this.committing;
    await this.db.close();
  }
}

function asLogError(cause: unknown): LogError {
  if (cause instanceof LogError) return cause;
  return new LogError('LOG_UNAVAILABLE', `the commit failed: ${(cause as Error).message}`, {}, { cause });
}

export interface OpenEnvironment {
  readonly environment: Environment;
  /** Gives it back; the last user's closes it. */
  readonly release: () => Promise<void>;
}

interface Shared {
  readonly environment: Environment;
  users: number;
}

const shared = new Map<string, Shared>();
const closing = new Map<string, Promise<void>>();

/**
 * Opens the environment in a folder, or takes part in this process's one. LMDB must have a folder open but once in a
 * process: closing one of two would drop the process's locks, and two writers of one thread would wait for each other.
 */
export async function openEnvironment(folder: string): Promise<OpenEnvironment> {
  const path = realpathSync(folder);
  for (let ends = closing.get(path); ends; ends = closing.get(path)) await ends;
  if (!shared.has(path)) {
    // Asked again between commits: another caller may have opened it meanwhile.
    await betweenCommits(() => {
      if (!shared.has(path)) shared.set(path, { environment: new Environment(openDatabase(path)), users: 0 });
    });
  }
  const used = shared.get(path);
  if (!used) return openEnvironment(folder);
  used.users++;
  let released = false;
  const release = async () => {
    if (released) return;
    released = true;
    if (--used.users > 0) return;
    shared.delete(path);
    const closed = used.environment.close().finally(() => closing.delete(path));
    closing.set(path, closed);
    await closed;
  };
  return { environment: used.environment, release };
}

function openDatabase(path: string): Database {
  try {
    return open<Buffer, Uint8Array>({
      path,
      // A topic's name has dots, which lmdb would take for a file's.
      noSubdir: false,
      keyEncoding: 'binary',
      encoding: 'binary',
      overlappingSync: false,
      mapSize: MAP_BYTES,
      maxReaders: READERS_MAX,
      maxDbs: 1,
      cache: false,
    }) as Database;
  } catch (cause) {
    throw new LogError('LOG_UNAVAILABLE', `${path} does not open: ${(cause as Error).message}`, { path }, { cause });
  }
}
