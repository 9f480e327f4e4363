import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogUnderTest } from '../src/contract-suite';
import { openEmbeddedLog } from '../src/embedded/log';
import type { Log } from '../src/port';
import { startProcess } from './processes';

/** An empty embedded log in a folder of its own. */
export async function openForTest(): Promise<LogUnderTest & { readonly dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-log-'));
  const handles: Log[] = [];
  const processes: { kill(): Promise<void> }[] = [];
  const again = async () => {
    const log = await openEmbeddedLog({ dir });
    handles.push(log);
    return log;
  };
  return {
    dir,
    log: await again(),
    again,
    stray: async (options) => {
      const member = await startProcess('member', { dir, options });
      processes.push(member);
      return { holds: async () => Number(await member.line()), kill: member.kill };
    },
    destroy: async () => {
      await Promise.all(handles.map((log) => log.close()));
      await Promise.all(processes.map((running) => running.kill()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
