import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Environment } from './environment';

const BEAT_MS = 2000;
/** A process that lives but gave no sign for so long has lost its partitions: its event loop hangs. */
const SESSION_TIMEOUT_MS = 6000;

/** A process that takes part in groups. */
export interface Session {
  readonly pid: number;
  /** When the process began, in the system's own count: tells it from a later one with the same pid. Null: unknown. */
  readonly began: string | null;
  readonly beatMs: number;
}

const sessionKey = (id: string) => Buffer.from(`s:${id}`);

/** This handle's sign of life, kept in the groups' environment for the other processes. */
export class OwnSession {
  readonly id = randomUUID();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly environment: Environment) {}

  async start(): Promise<void> {
    if (this.timer) return;
    this.timer = setInterval(() => void this.beat().catch(() => {}), BEAT_MS).unref();
    await this.beat();
  }

  private async beat(): Promise<void> {
    const session: Session = { pid: process.pid, began: beganAt(process.pid), beatMs: Date.now() };
    await this.environment.write((db) => db.put(sessionKey(this.id), Buffer.from(JSON.stringify(session))));
  }

  async stop(): Promise<void> {
    if (!this.timer) return;
    clearInterval(this.timer);
    await this.environment.write((db) => db.remove(sessionKey(this.id)));
  }
}

export function isAlive(bytes: Buffer | undefined, nowMs: number): boolean {
  if (!bytes) return false;
  const session = JSON.parse(bytes.toString()) as Session;
  return nowMs - session.beatMs < SESSION_TIMEOUT_MS && isRunning(session);
}

export { sessionKey };

function isRunning({ pid, began }: Session): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return began === null || beganAt(pid) === began;
}

/** Field 22 of /proc/<pid>/stat (proc(5), starttime); the fields before hold the program's name in brackets. */
function beganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; its parent only has not asked yet.
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}
