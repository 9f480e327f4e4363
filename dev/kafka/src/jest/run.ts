import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KafkaAddresses, startOwnKafka } from '../own-kafka';
import { ownSource, type Source, sharedSource } from './offer';

/** Holds a RunDescription for jest's workers, which are started with this process's environment. */
export const RUN_VARIABLE = 'PARLEY_TEST_KAFKA';

export interface RunDescription {
  readonly shared: Source;
  readonly own: Source;
  /** Socket that answers each connection with one SharedAnswer. */
  readonly socket: string;
}

export type SharedAnswer = KafkaAddresses | { readonly error: string };

type Running = KafkaAddresses & { destroy(): Promise<void> };

async function fromEnvironment(): Promise<Running> {
  const url = process.env.SCHEMA_REGISTRY_URL;
  if (!url) throw new Error('KAFKA_BROKERS is set: set SCHEMA_REGISTRY_URL too');
  const brokers = (process.env.KAFKA_BROKERS ?? '').split(',').map((broker) => broker.trim());
  return { brokers, registryUrl: url, destroy: async () => {} };
}

async function start(source: Source): Promise<Running> {
  switch (source.kind) {
    case 'environment':
      return fromEnvironment();
    case 'docker':
      // Loaded only here: it is large.
      return (await import('../docker-kafka')).startDockerKafka();
    case 'maven':
      return startOwnKafka();
    case 'none':
      throw new Error(source.why);
  }
}

/**
 * The Kafka of one jest run, in jest's own process: workers come and go, and what is started here ends with the run,
 * however that ends. Nothing is started before the first test asks.
 */
export class KafkaRun {
  private running: Promise<Running> | undefined;

  private constructor(
    private readonly dir: string,
    private readonly server: Server,
  ) {}

  static async open(): Promise<KafkaRun> {
    const [dir, shared, own] = await Promise.all([
      mkdtemp(join(tmpdir(), 'parley-jest-')),
      sharedSource(),
      ownSource(),
    ]);
    const server = createServer((socket) => {
      socket.on('error', () => {});
      run.addresses(shared).then((answer) => socket.end(JSON.stringify(answer)));
    });
    const run = new KafkaRun(dir, server);
    const socket = join(dir, 'kafka.sock');
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
    server.unref();
    // A run that is interrupted is not torn down.
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
    const description: RunDescription = { shared, own, socket };
    process.env[RUN_VARIABLE] = JSON.stringify(description);
    return run;
  }

  async close(): Promise<void> {
    this.server.close();
    await this.running?.then(
      (running) => running.destroy(),
      () => {},
    );
    await rm(this.dir, { recursive: true, force: true });
  }

  private addresses(source: Source): Promise<SharedAnswer> {
    this.running ??= start(source);
    return this.running.then(
      ({ brokers, registryUrl }) => ({ brokers, registryUrl }),
      (error: Error) => ({ error: error.message }),
    );
  }
}
