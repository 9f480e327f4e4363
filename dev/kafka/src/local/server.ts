import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { JavaProcess } from '../java-process';
import { isFree } from '../ports';

const run = promisify(execFile);
const POLL_MS = 100;
const STOP_DEADLINE_MS = 30_000;

/** What is wrong with the machine or the call, to be shown without a stack. */
export class Complaint extends Error {}

interface Note {
  readonly pid: number;
  readonly port: number;
}

/** One of the two servers of `npm run kafka`, which outlives the command that starts it. */
export interface LocalServer {
  readonly name: string;
  /** Its data and its note; the path stands in the server's command line. */
  readonly dir: string;
  /** How to choose another port. */
  readonly portFlag: string;
  /** Makes it, not started. */
  readonly make: (port: number) => Promise<JavaProcess>;
}

const noteFile = (server: LocalServer) => join(server.dir, 'running.json');

/** A note may outlive its process, and the number be another program's by now: the command line tells. */
async function runs(server: LocalServer, pid: number): Promise<boolean> {
  const command = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  );
  return command.includes(join(server.dir, '/'));
}

/** The running server's note, undefined if it does not run. */
async function running(server: LocalServer): Promise<Note | undefined> {
  const text = await readFile(noteFile(server), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const note: Note = JSON.parse(text);
  return (await runs(server, note.pid)) ? note : undefined;
}

/** Starts it unless it runs. @returns the port it serves, which is another than the wanted one if it ran already */
export async function start(server: LocalServer, port: number): Promise<number> {
  const note = await running(server);
  if (note !== undefined) return note.port;
  if (!(await isFree(port))) {
    throw new Complaint(
      `port ${port} for ${server.name} is in use by another program; choose one with ${server.portFlag}`,
    );
  }
  await mkdir(server.dir, { recursive: true });
  const made = await server.make(port);
  const started = made.start();
  // Before it serves, so that a start that is broken off can be stopped.
  if (made.pid !== undefined) await writeFile(noteFile(server), JSON.stringify({ pid: made.pid, port }));
  await started;
  return port;
}

/** Ends it in order. @returns whether it ran */
export async function stop(server: LocalServer): Promise<boolean> {
  const note = await running(server);
  if (note !== undefined) {
    process.kill(note.pid, 'SIGTERM');
    const until = performance.now() + STOP_DEADLINE_MS;
    while (await runs(server, note.pid)) {
      if (performance.now() > until) process.kill(note.pid, 'SIGKILL');
      await sleep(POLL_MS);
    }
  }
  await rm(noteFile(server), { force: true });
  return note !== undefined;
}
