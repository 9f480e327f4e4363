import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkEnvironmentFile, isLogError } from '@parley/log';
import { type Database, open, type RootDatabase } from 'lmdb';

interface Progress {
  /** Every conversation changed before this offset is on the changelog. */
  readonly changelog: number;
  /** Version of the reducer whose states those are. */
  readonly reducer: string;
  /** Records before this offset that failed are on the dead letter topic. */
  readonly deadLetters: number;
}

/**
 * How far each partition's publications have come. It outlives generations, so that a rebuild does not repeat what
 * it publishes; where it is lost, everything is published again under the same keys.
 */
export class Outbox {
  private readonly root: RootDatabase<Progress, number>;
  private readonly progress: Database<Progress, number>;

  constructor(dir: string) {
    if (existsSync(join(dir, 'data.mdb')) && !isSound(dir)) rmSync(dir, { recursive: true });
    mkdirSync(dir, { recursive: true });
    this.root = open<Progress, number>({ path: dir, noSubdir: false, encoding: 'json' });
    this.progress = this.root;
  }

  /** @param reducer states of another reducer's version are to be published anew */
  changelogPosition(partition: number, reducer: string): number {
    const { changelog, reducer: by } = this.of(partition);
    return by === reducer ? changelog : 0;
  }

  deadLetterPosition(partition: number): number {
    return this.of(partition).deadLetters;
  }

  async changelogReached(partition: number, changelog: number, reducer: string): Promise<void> {
    await this.progress.put(partition, { ...this.of(partition), changelog, reducer });
  }

  async deadLettersReached(partition: number, deadLetters: number): Promise<void> {
    await this.progress.put(partition, { ...this.of(partition), deadLetters });
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  private of(partition: number): Progress {
    return this.progress.get(partition) ?? { changelog: 0, reducer: '', deadLetters: 0 };
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
