import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until, type World } from './world';

const MAIN = join(__dirname, '..', 'dist', 'main.js');

export interface ProcessOptions {
  readonly replica?: number;
  /** 0: one of the system's choice. */
  readonly port?: number;
}

/** The service as it is started in production, over the world's log. */
export class AggregatorProcess {
  private output = '';

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk;
    });
  }

  static start(world: World, { replica = 0, port = 0 }: ProcessOptions = {}): AggregatorProcess {
    const env = { ...process.env, ...world.env, AGGREGATOR_PORT: String(port), AGGREGATOR_REPLICA: String(replica) };
    return new AggregatorProcess(spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] }));
  }

  /** Resolves when it has printed this. */
  async says(text: string): Promise<void> {
    await until(() => {
      if (this.hasEnded) throw new Error(`the aggregator ended before it said "${text}":\n${this.output}`);
      return this.output.includes(text);
    });
  }

  async port(): Promise<number> {
    await this.says('"msg":"listening"');
    return Number(/"port":(\d+)/.exec(this.output)?.[1]);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(): Promise<void> {
    const ended = this.hasEnded ? undefined : once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
