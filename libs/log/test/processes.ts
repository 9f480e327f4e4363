import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface TestProcess {
  /** Next line that it prints. */
  line(): Promise<string>;
  /** Gives it a line on its standard input. */
  say(line: string): void;
  readonly lines: AsyncIterableIterator<string>;
  readonly child: ChildProcess;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
}

/** Starts `test/processes/<name>.ts` in a process of its own; it gets `input` as JSON. */
export async function startProcess(name: string, input: object): Promise<TestProcess> {
  const script = join(__dirname, 'processes', `${name}.ts`);
  const child = spawn(process.execPath, ['-r', 'esbuild-register', script, JSON.stringify(input)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    lines,
    line: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended without a word`);
      return String(value);
    },
    say: (line) => void child.stdin.write(`${line}\n`),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
