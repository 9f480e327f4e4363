/**
 * Runs the built system as real processes on free ports and a data directory of its own. Nothing of the product is
 * imported: what the tests know, they know over HTTP, from exit codes and from printed lines.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from './support/client';
import { eventually } from './support/eventually';
import { dropTopics, type KafkaPlace } from './support/kafka';

const root = join(__dirname, '..');

export const serviceNames = ['ingest', 'conversation-aggregator', 'api', 'delivery'] as const;
export type ServiceName = (typeof serviceNames)[number];

export const secrets = {
  systemToken: 'end-to-end-system-token-6f1c0b7a',
  jwtSecret: 'ZW5kLXRvLWVuZC1qd3Qtc2VjcmV0LTAxMjM0NTY3ODlhYmNkZWY=',
  facebookApp: 'app-secret',
  facebookWebhook: 'webhook-secret',
  facebookAppId: '263902037430900',
  twilioToken: 'auth-token',
} as const;

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
const KEPT_LINES = 3_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process with what it printed. */
export class Running {
  readonly exited: Promise<Exit>;
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  private readonly abandon = () => this.child.kill('SIGKILL');
  private done: Exit | undefined;

  constructor(
    readonly name: string,
    script: string,
    env: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ) {
    this.child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.keep(text));
    }
    process.once('exit', this.abandon);
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        process.off('exit', this.abandon);
        this.done = { code, signal };
        resolve(this.done);
      });
    });
  }

  /** Undefined while it runs. */
  get exit(): Exit | undefined {
    return this.done;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  output(): string {
    return this.lines.join('');
  }

  private keep(text: string): void {
    this.lines.push(text);
    if (this.lines.length > KEPT_LINES) this.lines.splice(0, this.lines.length - KEPT_LINES);
  }
}

/** A further process of some service, on a port of its own. */
export interface Replica {
  readonly service: ServiceName;
  readonly env?: Readonly<Record<string, string>>;
}

export interface SystemOptions {
  /** `start` runs cli/dist/start.js, as npm start does; `services` runs the processes one by one. */
  readonly mode?: 'start' | 'services';
  /** Added to what the harness sets; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Kept by the caller; by default a new one that goes with the system. */
  readonly dataDir?: string;
  /** The log on Kafka; by default the embedded one. */
  readonly kafka?: KafkaPlace;
  /** More processes than one of each service, by name; only where they are run one by one. */
  readonly replicas?: Readonly<Record<string, Replica>>;
}

interface Instance {
  readonly service: ServiceName;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

const portSettings: Readonly<Record<ServiceName, string>> = {
  api: 'API_PORT',
  ingest: 'INGEST_PORT',
  'conversation-aggregator': 'AGGREGATOR_PORT',
  delivery: 'DELIVERY_PORT',
};

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      if (address === null || typeof address === 'string') throw new Error('no port');
      return address.port;
    }),
  );
}

export class System {
  private readonly processes = new Map<string, Running>();
  private readonly gone: Running[] = [];

  private constructor(
    readonly mode: 'start' | 'services',
    readonly dataDir: string,
    private readonly ownsDataDir: boolean,
    readonly ports: Readonly<Record<ServiceName, number>>,
    readonly env: Readonly<Record<string, string>>,
    readonly kafka: KafkaPlace | undefined,
    private readonly instances: ReadonlyMap<string, Instance>,
  ) {}

  static async create(options: SystemOptions = {}): Promise<System> {
    const mode = options.mode ?? 'start';
    const replicas = Object.entries(options.replicas ?? {});
    const [api = 0, ingest = 0, aggregator = 0, delivery = 0, ...more] = await freePorts(4 + replicas.length);
    const ports = { api, ingest, 'conversation-aggregator': aggregator, delivery };
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'parley-e2e-')));
    const processes: [name: string, Replica, port: number][] = [
      ...serviceNames.map((service): [string, Replica, number] => [service, { service }, ports[service]]),
      ...replicas.map(([name, replica], i): [string, Replica, number] => [name, replica, more[i] ?? 0]),
    ];
    const aggregators = processes.filter(([, { service }]) => service === 'conversation-aggregator');
    const { kafka } = options;
    const wanted: Record<string, string | undefined> = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...Object.fromEntries(serviceNames.map((service) => [portSettings[service], String(ports[service])])),
      DATA_DIR: dataDir,
      SYSTEM_TOKEN: secrets.systemToken,
      JWT_SECRET: secrets.jwtSecret,
      FACEBOOK_APP_ID: secrets.facebookAppId,
      FACEBOOK_APP_SECRET: secrets.facebookApp,
      FACEBOOK_WEBHOOK_SECRET: secrets.facebookWebhook,
      TWILIO_AUTH_TOKEN: secrets.twilioToken,
      TWILIO_ACCOUNT_SID: 'AC0123456789',
      ...(aggregators.length > 1 && {
        AGGREGATOR_URLS: aggregators.map(([, , port]) => `http://127.0.0.1:${port}`).join(','),
      }),
      ...(kafka && {
        KAFKA_BROKERS: kafka.brokers.join(','),
        SCHEMA_REGISTRY_URL: kafka.registryUrl,
        KAFKA_PREFIX: kafka.prefix,
      }),
      ...options.env,
    };
    const env = Object.fromEntries(Object.entries(wanted).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])));
    const instances = processes.map(([name, replica, port]): [string, Instance] => {
      // The embedded log is what the services share; on Kafka each has its own disk, as on machines of their own.
      const own = kafka === undefined ? dataDir : join(dataDir, name);
      const { service } = replica;
      const set = { ...env, DATA_DIR: own, [portSettings[service]]: String(port), ...replica.env };
      return [name, { service, port, env: set }];
    });
    return new System(mode, dataDir, options.dataDir === undefined, ports, env, kafka, new Map(instances));
  }

  /** @param name  a service, or a replica */
  url(name: string): string {
    return `http://127.0.0.1:${this.instance(name).port}`;
  }

  /** A client of one process, with the system token. */
  client(name: string): Client {
    return new Client(this.url(name), secrets.systemToken);
  }

  get api(): Client {
    return this.client('api');
  }

  get ingest(): Client {
    return this.client('ingest');
  }

  get aggregator(): Client {
    return this.client('conversation-aggregator');
  }

  /** Every process that this system has when all run: one of each service, and the replicas. */
  get names(): readonly string[] {
    return [...this.instances.keys()];
  }

  async start(): Promise<void> {
    if (this.kafka !== undefined && this.mode === 'services') await this.deploy();
    this.launch();
    await Promise.all(this.names.map((name) => this.ready(name)));
  }

  /** Makes the topics and registers the schemas, as an operator does before the services start. */
  async deploy(): Promise<void> {
    const { code } = await this.run('deploy', 'cli/dist/parley.js', this.env, ['deploy']).exited;
    this.processes.delete('deploy');
    if (code !== 0) throw new Error(`deploy ended with ${code}\n${this.logs()}`);
  }

  /** Starts without waiting: for starts that are expected to fail. */
  launch(): void {
    if (this.mode === 'start') this.run('start', 'cli/dist/start.js', this.env);
    else for (const name of this.names) this.launchService(name);
  }

  launchService(name: string): Running {
    const { service, env } = this.instance(name);
    return this.run(name, `services/${service}/dist/main.js`, env);
  }

  process(name: string): Running {
    const running = this.processes.get(name);
    if (running === undefined) throw new Error(`${name} was not started`);
    return running;
  }

  /** Resolves once the service says that it is ready; fails at once if its process has ended. */
  async ready(name: string): Promise<void> {
    const client = new Client(this.url(name), null);
    const owner = this.process(this.mode === 'start' ? 'start' : name);
    const failed = await eventually(async () => {
      if (owner.exit !== undefined) return owner;
      expect((await client.get('/ready')).status).toBe(200);
      return undefined;
    }, START_DEADLINE_MS).catch((error: unknown) => {
      throw new Error(`${name} did not become ready\n${this.logs()}`, { cause: error });
    });
    if (failed !== undefined)
      throw new Error(`${failed.name} ended with ${JSON.stringify(failed.exit)}\n${this.logs()}`);
  }

  /** Ends everything with SIGTERM. @returns how each process ended */
  async stop(): Promise<ReadonlyMap<string, Exit>> {
    const exits = await Promise.all(
      [...this.processes].map(async ([name, running]): Promise<[string, Exit]> => {
        running.signal('SIGTERM');
        const patience = setTimeout(() => running.signal('SIGKILL'), STOP_DEADLINE_MS);
        const exit = await running.exited;
        clearTimeout(patience);
        return [name, exit];
      }),
    );
    for (const running of this.processes.values()) this.gone.push(running);
    this.processes.clear();
    return new Map(exits);
  }

  /** Ends one service in order, and starts it again. */
  async restart(name: string): Promise<void> {
    const running = this.process(name);
    running.signal('SIGTERM');
    await running.exited;
    this.launchService(name);
    await this.ready(name);
  }

  /** Ends one service without a warning. */
  async kill(name: string): Promise<void> {
    const running = this.process(name);
    running.signal('SIGKILL');
    await running.exited;
  }

  async destroy(): Promise<void> {
    await this.stop();
    if (!this.ownsDataDir) return;
    await rm(this.dataDir, { recursive: true, force: true });
    if (this.kafka !== undefined) await dropTopics(this.kafka);
  }

  /** What the processes printed, those before them too. */
  logs(): string {
    return [...this.gone, ...this.processes.values()]
      .map((running) => `--- ${running.name} (${JSON.stringify(running.exit ?? 'running')})\n${running.output()}`)
      .join('\n');
  }

  private instance(name: string): Instance {
    const instance = this.instances.get(name);
    if (instance === undefined) throw new Error(`this system has no ${name}`);
    return instance;
  }

  private run(
    name: string,
    script: string,
    env: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ): Running {
    const before = this.processes.get(name);
    if (before !== undefined) {
      this.gone.push(before);
      this.gone.splice(0, Math.max(0, this.gone.length - 12));
    }
    const running = new Running(name, script, env, args);
    this.processes.set(name, running);
    return running;
  }
}

/** A system for the tests of one file. `it` prints the system's logs when its test fails. */
export interface SystemUnderTest {
  /** Only inside of tests and hooks. */
  readonly system: System;
  it(name: string, test: (system: System) => Promise<void>, timeoutMs?: number): void;
}

export function useSystem(options: () => SystemOptions | Promise<SystemOptions> = () => ({})): SystemUnderTest {
  let started: System | undefined;
  const current = (): System => {
    if (started === undefined) throw new Error('the system was not started');
    return started;
  };
  beforeAll(async () => {
    started = await System.create(await options());
    await started.start();
  }, START_DEADLINE_MS + 10_000);
  afterAll(async () => {
    await started?.destroy();
  }, STOP_DEADLINE_MS + 10_000);
  return {
    get system() {
      return current();
    },
    it(name, test, timeoutMs) {
      it(
        name,
        async () => {
          try {
            await test(current());
          } catch (error) {
            process.stderr.write(`\n${name}: what the system printed\n${current().logs().slice(-20_000)}\n`);
            throw error;
          }
        },
        timeoutMs,
      );
    },
  };
}
