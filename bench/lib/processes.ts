import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { KafkaAddresses } from '@parley/kafka-dev';
import type { LoadResult, LoadSpec } from './load';

const repository = resolve(__dirname, '../../..');

export const SYSTEM_TOKEN = 'bench-system-token';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

/** A data directory with ports and credentials of its own, and the processes on it and on a broker, if one is given. */
export class Bench {
  private readonly children: ChildProcess[] = [];

  private constructor(
    readonly dataDir: string,
    readonly ports: {
      readonly api: number;
      readonly ingest: number;
      readonly aggregator: number;
      readonly delivery: number;
    },
    private readonly kafka: KafkaAddresses | undefined,
  ) {}

  static async create(kafka?: KafkaAddresses): Promise<Bench> {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-bench-'));
    const ports = {
      api: await freePort(),
      ingest: await freePort(),
      aggregator: await freePort(),
      delivery: await freePort(),
    };
    return new Bench(dataDir, ports, kafka);
  }

  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      DATA_DIR: this.dataDir,
      API_PORT: String(this.ports.api),
      INGEST_PORT: String(this.ports.ingest),
      AGGREGATOR_PORT: String(this.ports.aggregator),
      DELIVERY_PORT: String(this.ports.delivery),
      SYSTEM_TOKEN,
      JWT_SECRET: 'bench-jwt-secret',
      LOG_LEVEL: 'warn',
      ...(this.kafka && {
        KAFKA_BROKERS: this.kafka.brokers.join(','),
        SCHEMA_REGISTRY_URL: this.kafka.registryUrl,
      }),
    };
  }

  /** Starts a script of this folder's build, or a service by name; what it prints on standard error is passed on. */
  spawn(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: repository,
      env: { ...this.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.children.push(child);
    return child;
  }

  /** Starts a service and waits until its port answers `path` with 200. */
  async service(name: string, port: number, path = '/ready'): Promise<ChildProcess> {
    const child = this.spawn(join('services', name, 'dist/main.js'));
    child.stdout?.pipe(process.stderr);
    await untilAnswers(port, path, child);
    return child;
  }

  /** Runs one of this folder's scripts to its end and gives what it printed. */
  script(name: string, args: readonly string[] = [], input = ''): Promise<string> {
    return this.run(join(__dirname, '..', `${name}.js`), args, input);
  }

  /** Makes the topics and registers the schemas: on Kafka no service does so. */
  async deploy(): Promise<void> {
    await this.run('cli/dist/parley.js', ['deploy']);
  }

  async load(spec: LoadSpec): Promise<LoadResult> {
    return JSON.parse(await this.script('lib/load', [], JSON.stringify(spec))) as LoadResult;
  }

  private async run(script: string, args: readonly string[], input = ''): Promise<string> {
    const child = this.spawn(script, args);
    const exited = new Promise<number | null>((done) => child.once('exit', done));
    child.stdin?.end(input);
    let text = '';
    for await (const chunk of child.stdout ?? []) text += chunk;
    const code = await exited;
    if (code !== 0) throw new Error(`${script} ended with ${code ?? 'a signal'}`);
    return text;
  }

  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await exited;
  }

  async destroy(): Promise<void> {
    await Promise.all(this.children.map((child) => this.stop(child)));
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

export async function untilAnswers(port: number, path: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`process ended with ${child.exitCode} before it was ready`);
    const ok = await fetch(`http://127.0.0.1:${port}${path}`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((done) => setTimeout(done, 20));
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
