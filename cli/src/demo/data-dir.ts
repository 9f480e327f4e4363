import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../system/run-system';

const MARKER = '.parley-demo';

function entriesOf(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Whether an earlier demo left something here. @throws StartError  it holds files that no demo put there */
export function holdsEarlierDemo(dir: string): boolean {
  const entries = entriesOf(dir);
  if (entries.length > 0 && !entries.includes(MARKER)) {
    throw new StartError(`${dir} holds files that no demo put there, and a demo empties it: move it away`);
  }
  return entries.length > 0;
}

/** Makes the directory, empty. @throws StartError  as above */
export function freshDataDir(dir: string): void {
  holdsEarlierDemo(dir);
  mkdirSync(dir, { recursive: true });
  // The marker goes first and last: a demo that is killed between leaves a directory that the next one takes.
  writeFileSync(join(dir, MARKER), 'Made by npm run demo, and emptied by the next one.\n');
  for (const entry of entriesOf(dir)) if (entry !== MARKER) rmSync(join(dir, entry), { recursive: true, force: true });
}
