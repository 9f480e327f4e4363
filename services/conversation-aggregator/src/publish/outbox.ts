import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkEnvironmentFile, isLogError } from '@parley/log';
import { warnOfOtherLog } from '@parley/service-kit';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Logger } from 'pino';

/** How far the changelog of a partition has come. */
export interface ChangelogProgress {
  /** Every conversation changed before this offset of the conversation log is on the changelog. */
  readonly changelog: number;
  /** Version of the reducer whose states those are. */
  readonly reducer: string;
  /** Everything on the changelog's partition before this offset was written or looked at here. */
  readonly changelogEnd: number;
}

/** How far a partition's dead letters have come. */
export interface DeadLetterProgress {
  /** Records before this offset of the conversation log that failed are on the dead letter topic. */
  readonly deadLetters: number;
  /** The partition's letters before this offset of the dead letter topic are among them. */
  readonly deadLettersEnd: number;
}

type Progress = ChangelogProgress & DeadLetterProgress;

interface Kept extends Progress {
  /** Identity of the log that the positions are of. */
  readonly log: string;
}

export interface OutboxOptions {
  readonly dir: string;
  /** Identity of the log; what was noted of another one is forgotten. */
  readonly log: string;
  readonly logger: Pick<Logger, 'warn'>;
}

const nothing: Progress = { changelog: 0, reducer: '', changelogEnd: 0, deadLetters: 0, deadLettersEnd: 0 };

/**
 * How far each partition's publications have come. It outlives generations, so that a rebuild does not repeat what
 * it publishes; where it is lost, everything is published again under the same keys.
 */
export class Outbox {
  private readonly root: RootDatabase<Kept, number>;
  private readonly progress: Database<Kept, number>;

  constructor(private readonly options: OutboxOptions) {
    const { dir } = options;
    if (existsSync(join(dir, 'data.mdb')) && !isSound(dir)) rmSync(dir, { recursive: true });
    mkdirSync(dir, { recursive: true });
    this.root = open<Kept, number>({ path: dir, noSubdir: false, encoding: 'json' });
    this.progress = this.root;
    this.forgetOtherLog();
  }

  changelog(partition: number): ChangelogProgress {
    return this.of(partition);
  }

  deadLetters(partition: number): DeadLetterProgress {
    return this.of(partition);
  }

  async changelogReached(partition: number, reached: ChangelogProgress): Promise<void> {
    const { changelog, reducer, changelogEnd } = reached;
    await this.put(partition, { ...this.of(partition), changelog, reducer, changelogEnd });
  }

  async deadLettersReached(partition: number, reached: DeadLetterProgress): Promise<void> {
    const { deadLetters, deadLettersEnd } = reached;
    await this.put(partition, { ...this.of(partition), deadLetters, deadLettersEnd });
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  private forgetOtherLog(): void {
    const { dir, log, logger } = this.options;
    const [other] = this.progress.getRange().filter(({ value }) => value.log !== log);
    if (!other) return;
    warnOfOtherLog(logger, { store: dir, before: other.value.log, now: log });
    this.progress.clearSync();
  }

  private async put(partition: number, progress: Progress): Promise<void> {
    await this.progress.put(partition, { ...progress, log: this.options.log });
  }

  private of(partition: number): Progress {
    return { ...nothing, ...this.progress.get(partition) };
  }
}

function isSound(dir: string): boolean {
  try {
    checkEnvironmentFile(dir);
    return true;
  } catch (error) {
    if (isLogError(error)) return false;
    throw error;
  }
}
