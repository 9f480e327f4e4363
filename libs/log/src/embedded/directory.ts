import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LogError } from '../errors';
import { type OpenEnvironment, openEnvironment } from './environment';
import { checkEnvironmentFile, foreign, torn } from './integrity';

const FORMAT = 'parley-log';
const VERSION = 1;
const MARKER = 'parley-log.json';
/** Of what is being made: renamed when whole, so that nobody ever sees a half. */
const UNFINISHED = '.new-';

/**
 * Makes sure that a folder is a data directory of ours, making one of an empty or missing folder. Several processes
 * may do so at once.
 * @returns what names this directory among all others: made with it, and never changed
 * @throws DATA_DIR_FOREIGN, DATA_DIR_TORN  with the file and what to do; nothing is ever reset
 */
export async function claimDirectory(dir: string): Promise<string> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, MARKER);
  const marker = readMarker(path) ?? (await writeMarker(dir, path));
  const { format, version, id } = marker;
  if (format !== FORMAT) throw foreign(path, `names the format ${JSON.stringify(format)}, not ${FORMAT}`);
  if (typeof version !== 'number') throw torn(path, 'has no version');
  if (version > VERSION) throw foreign(path, `has version ${version}; this program reads up to ${VERSION}`);
  if (typeof id !== 'string' || id === '') throw torn(path, 'has no id');
  return id;
}

interface Marker {
  readonly format?: unknown;
  readonly version?: unknown;
  readonly id?: unknown;
}

function readMarker(path: string): Marker | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unavailable(path, error);
  }
  try {
    const marker: unknown = JSON.parse(text);
    if (typeof marker === 'object' && marker !== null) return marker;
  } catch {
    // Told below: as good as a marker that is no object.
  }
  throw torn(path, 'is no JSON object');
}

async function writeMarker(dir: string, path: string): Promise<Marker> {
  const strangers = readdirSync(dir).filter((name) => !name.startsWith(UNFINISHED) && name !== MARKER);
  // Another process may have claimed it since we looked, and made topics already.
  const made = readMarker(path);
  if (made) return made;
  if (strangers.length > 0) throw foreign(dir, `holds ${strangers[0]} but no ${MARKER}, so it is not a log of ours`);
  const draft = join(dir, `${UNFINISHED}${randomUUID()}`);
  await writeDurably(draft, `${JSON.stringify({ format: FORMAT, version: VERSION, id: randomUUID() })}\n`);
  try {
    // A link, unlike a rename, does not replace what another process put there first.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unavailable(path, error);
  } finally {
    rmSync(draft, { force: true });
  }
  await syncFolder(dir);
  return readMarker(path) ?? {};
}

/**
 * Makes a folder with an LMDB environment in it, whole or not at all; one that is there stays as it is.
 * @param fill writes its first content
 * @returns whether it was made by this call
 */
export async function makeEnvironment(
  parent: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<boolean> {
  mkdirSync(parent, { recursive: true });
  const draft = join(parent, `${UNFINISHED}${process.pid}-${randomUUID()}`);
  mkdirSync(draft);
  try {
    await fill(draft);
    await rename(draft, join(parent, name));
    await syncFolder(parent);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw unavailable(join(parent, name), error);
    return false;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Opens an environment after looking at its file. */
export async function openChecked(folder: string): Promise<OpenEnvironment> {
  checkEnvironmentFile(folder);
  return openEnvironment(folder);
}

/** Opens an environment that is made empty where it is missing. */
export async function openOrMake(parent: string, name: string): Promise<OpenEnvironment> {
  const folder = join(parent, name);
  if (!listFinished(parent).includes(name)) {
    await makeEnvironment(parent, name, async (draft) => {
      const { environment, release } = await openEnvironment(draft);
      await environment.write((db) => db.put(Buffer.from('made'), Buffer.from(new Date().toISOString())));
      await release();
    });
  }
  return openChecked(folder);
}

/** Folders in a folder but for what is being made. */
export function listFinished(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(UNFINISHED))
      .map((entry) => entry.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unavailable(folder, error);
  }
}

export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unavailable(path: string, cause: unknown): LogError {
  if (cause instanceof LogError) return cause;
  return new LogError('LOG_UNAVAILABLE', `${path}: ${(cause as Error).message}`, { path }, { cause });
}
