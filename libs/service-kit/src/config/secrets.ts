import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** File in DATA_DIR that a made secret is kept in. */
export const secretFiles = { SYSTEM_TOKEN: 'system-token', JWT_SECRET: 'jwt-secret' } as const;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * What is kept in a file of the data directory, made on first use with mode 0600. Several processes that start at once
 * get the same: it is linked into place complete, and whoever comes second reads the first one's.
 */
function ensureKept(dataDir: string, name: string, make: () => string): string {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, name);
  const kept = read(path);
  if (kept) return kept;
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, `${make()}\n`, { mode: 0o600 });
  try {
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own);
  }
  const made = read(path);
  if (!made) throw new Error(`${path} is empty; delete it to have a new one made`);
  return made;
}

export function ensureSecret(dataDir: string, name: keyof typeof secretFiles): string {
  return ensureKept(dataDir, secretFiles[name], () => randomBytes(24).toString('base64url'));
}

/** Names this data directory among all instances of an installation, over restarts. */
export function ensureInstanceId(dataDir: string): string {
  return ensureKept(dataDir, 'instance-id', () => randomBytes(8).toString('hex'));
}
