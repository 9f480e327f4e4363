import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What is fetched once and kept, outside of the checkout: PARLEY_CACHE_DIR, else parley/ in the user's cache. */
export function cacheDir(): string {
  return process.env.PARLEY_CACHE_DIR || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'parley');
}

/**
 * A folder of the cache, filled on first use. It appears under its name only when it is complete: one that fails or is
 * killed leaves nothing behind that could be taken for it, and of two that fill at once the first one's stays.
 * @param name  with the version: a folder never changes
 */
export async function cachedFolder(name: string, fill: (dir: string) => Promise<void>): Promise<string> {
  const folder = join(cacheDir(), name);
  if (existsSync(folder)) return folder;
  await mkdir(cacheDir(), { recursive: true });
  const filling = await mkdtemp(`${folder}.filling-`);
  try {
    await fill(filling);
    await rename(filling, folder).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(filling, { recursive: true, force: true });
  }
  return folder;
}
