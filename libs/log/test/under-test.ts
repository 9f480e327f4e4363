import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GroupOptions, Log } from '../src/port';
import { type LogPlace, openLogAt } from './open-log';
import { startProcess } from './processes';

/** An empty embedded log in a folder of its own. */
export async function openForTest() {
  const dir = mkdtempSync(join(tmpdir(), 'parley-log-'));
  const under = await openAt({ dir });
  const destroy = async () => {
    await under.destroy();
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...under, dir, destroy };
}

/** A part of a cluster that nobody else uses. Its topics are left to whoever ends the cluster. */
export function openOnKafkaForTest({ brokers }: { readonly brokers: readonly string[] }) {
  return openAt({ brokers, prefix: `test-${randomUUID()}.` });
}

async function openAt(place: LogPlace) {
  const handles: Log[] = [];
  const processes: { kill(): Promise<void> }[] = [];
  const again = async () => {
    const log = await openLogAt(place);
    handles.push(log);
    return log;
  };
  return {
    log: await again(),
    again,
    stray: async (options: GroupOptions, hang = false) => {
      const member = await startProcess('member', { place, options, hang });
      processes.push(member);
      return {
        holds: async () => Number(await member.line()),
        kill: member.kill,
      };
    },
    hanging: async (options: GroupOptions) => {
      const member = await startProcess('hanging', { place, options });
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
    },
  };
}
