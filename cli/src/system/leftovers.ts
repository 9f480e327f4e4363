import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceSpec } from '../supervisor/service-process';

const POLL_MS = 50;

export interface Leftover {
  readonly service: string;
  readonly pid: number;
}

/** A pid file may outlive its process, and the pid be another program's by now: the command line tells. */
function runs(pid: number, script: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(script);
  } catch {
    return false;
  }
}

function find(runDir: string, services: readonly ServiceSpec[]): readonly Leftover[] {
  return services.flatMap(({ name, script }) => {
    let pid: number;
    try {
      pid = Number(readFileSync(join(runDir, `${name}.pid`), 'utf8'));
    } catch {
      return [];
    }
    return pid > 0 && runs(pid, script) ? [{ service: name, pid }] : [];
  });
}

/**
 * Services of an earlier start that still run on this data directory, after waiting for them to end. Those of a
 * supervisor that was killed end within seconds; those of one that lives don't, and two systems must not share a
 * directory. Linux only: elsewhere none are found.
 */
export async function leftoversAfter(
  waitMs: number,
  runDir: string,
  services: readonly ServiceSpec[],
): Promise<readonly Leftover[]> {
  const until = performance.now() + waitMs;
  let found = find(runDir, services);
  while (found.length > 0 && performance.now() < until) {
    await sleep(POLL_MS);
    found = find(runDir, services);
  }
  return found;
}
