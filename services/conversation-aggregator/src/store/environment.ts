import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkEnvironmentFile, isLogError } from '@parley/log';
import { type Database, open, type RootDatabase } from 'lmdb';
import { ROW_LAYOUT } from './rows';

/** Counts changes of keys, of values but for their rows, and of what lies in which database. */
const FORMAT = 3;

/** What a store must have been made with to be read by this program. */
export const storeLayout = `${FORMAT}.${ROW_LAYOUT}`;

/** The store can't be used: it is rebuilt from the log. */
export class StoreError extends Error {
  readonly code: 'STORE_CORRUPT' | 'STORE_OTHER_LAYOUT' | 'STORE_OTHER_LOG';

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** The states are of another log: their positions mean nothing in this one. */
export class OtherLogError extends StoreError {
  constructor(
    dir: string,
    /** Identity of the log that they are of; undefined if it was not noted. */
    readonly before: string | undefined,
  ) {
    super('STORE_OTHER_LOG', `${dir} is of another log`);
    this.name = 'OtherLogError';
  }
}

/** MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_VERSION_MISMATCH, MDB_INVALID of lmdb.h. */
const DAMAGE_CODES: readonly unknown[] = [-30797, -30796, -30794, -30793];

/** Told from what has nothing to do with the store's contents, such as a full disk or too many open files. */
function isDamage(error: unknown): boolean {
  return isLogError(error) || DAMAGE_CODES.includes((error as { code?: unknown }).code);
}

const binary = { keyEncoding: 'binary', encoding: 'binary' } as const;

export interface StoreMarker {
  readonly layout: string;
  /** Version of the reducer that made the states. */
  readonly reducer: string;
  /** Identity of the log that the states are of. */
  readonly log: string;
  /** Partitions of the topic: conversation numbers are strided by it. */
  readonly partitions: number;
}

export interface Environment {
  readonly root: RootDatabase<Buffer, Uint8Array>;
  /** marker, and by partition: position, nextBlock, opened conversations by account. */
  readonly meta: Database<unknown, string>;
  /** Conversations by id, each with the tail of its listing (tail.ts). */
  readonly conversations: Database<Buffer, Uint8Array>;
  /** Message rows in blocks, by the block's number (block.ts). */
  readonly blocks: Database<Buffer, Uint8Array>;
  /** Number of a message's row by its id. */
  readonly messageIds: Database<Buffer, Uint8Array>;
  /** Number of the row at a place of a conversation, of what its tail does not hold any more. */
  readonly places: Database<Buffer, Uint8Array>;
  /** Offsets of the events that were applied, by id. Never expires: providers repeat for days. */
  readonly events: Database<Buffer, Uint8Array>;
}

/**
 * Opens or makes the LMDB environment of a generation. A process that is killed loses nothing that was committed; a
 * machine that fails may lose the last commits, which the log gives again.
 * @throws StoreError STORE_CORRUPT, STORE_OTHER_LAYOUT; OtherLogError
 */
export function openEnvironment(dir: string, expected: StoreMarker): { env: Environment; marker: StoreMarker } {
  mkdirSync(dir, { recursive: true });
  let root: RootDatabase<Buffer, Uint8Array> | undefined;
  try {
    // LMDB maps its file and trusts it: reading a torn one would end the process.
    if (existsSync(join(dir, 'data.mdb'))) checkEnvironmentFile(dir);
    root = open<Buffer, Uint8Array>({ path: dir, noSubdir: false, maxDbs: 12, ...binary });
    const env: Environment = {
      root,
      meta: root.openDB({ name: 'meta', keyEncoding: 'ordered-binary', encoding: 'msgpack' }),
      conversations: root.openDB({ name: 'conversations', ...binary }),
      blocks: root.openDB({ name: 'blocks', ...binary }),
      messageIds: root.openDB({ name: 'message-ids', ...binary }),
      places: root.openDB({ name: 'places', ...binary }),
      events: root.openDB({ name: 'events', ...binary }),
    };
    const marker = (env.meta.get('marker') as StoreMarker | undefined) ?? expected;
    if (marker.log !== expected.log) throw new OtherLogError(dir, marker.log);
    if (marker.layout !== expected.layout || marker.partitions !== expected.partitions) {
      throw new StoreError('STORE_OTHER_LAYOUT', `${dir} was made by a program with another layout of the store`);
    }
    if (env.meta.get('marker') === undefined) env.meta.putSync('marker', expected);
    return { env, marker };
  } catch (cause) {
    root?.close();
    if (!isDamage(cause)) throw cause;
    throw new StoreError('STORE_CORRUPT', `${dir} can't be read: ${(cause as Error).message}`, { cause });
  }
}
