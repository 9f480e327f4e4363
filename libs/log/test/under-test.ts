import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '../src/embedded/log';
import type { GroupOptions, Log } from '../src/port';
import { startProcess } from './processes';

/** An empty embedded log in a folder of its own. */
export async function openForTest() {
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
    stray: async (options: GroupOptions, hang = false) => {
      const member = await startProcess('member', { dir, options, hang });
      processes.push(member);
      return {
        holds: async () => Number(await member.line()),
        kill: member.kill,
      };
    },
    hanging: async (options: GroupOptions) => {
      const member = await startProcess('hanging', { dir, options });
      processes.push(member);
      return {
        batch: async () => (await member.line()).split(' '),
        goOn: () => {
          member.say('go on');
          return member.line();
        },
      };
    },
    destroy: async () => {
      // First those that may be in the way.
      await Promise.all(processes.map((running) => running.kill()));
      await Promise.all(handles.map((log) => log.close()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
