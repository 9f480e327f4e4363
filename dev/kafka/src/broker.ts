import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { JavaProcess } from './java-process';
import { kafkaJars } from './maven';
import type { SecureListeners } from './secure-listeners';

const run = promisify(execFile);
const PROBE_MS = 2_000;
/** Start quickly and stay small: nothing here runs for long. */
export const JVM_FLAGS = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface BrokerOptions {
  /** Holds the settings, the data and what the broker prints. */
  readonly dir: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Listeners beside the open one. */
  readonly secure?: SecureListeners;
  /** Server properties that are added or replace ours. */
  readonly config?: Readonly<Record<string, string>>;
  /** See JavaProgram. */
  readonly leashedTo: string | undefined;
}

/** Server properties of a broker that is its own controller. `host` is what clients are told to connect to. */
export function brokerProperties(options: {
  readonly host: string;
  readonly listenOn: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
}) {
  const { host, listenOn, port, controllerPort } = options;
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://${listenOn}:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': options.dataDir,
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // Compaction and retention within a second or two of when they may happen, with a buffer that suits a small heap.
    'log.cleaner.backoff.ms': '250',
    'log.cleaner.dedupe.buffer.size': String(8 << 20),
    'log.initial.task.delay.ms': '250',
    'log.retention.check.interval.ms': '1000',
    'log.segment.delete.delay.ms': '1000',
    'log.index.size.max.bytes': String(1 << 20),
  };
}

/** Resolves true if a broker at that port answers requests: it does not do so before it can serve them all. */
export function brokerAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(PROBE_MS, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', () => done(true));
    // ApiVersions, version 0: length, api key 18, version, correlation id, no client id.
    socket.once('connect', () => socket.write(Buffer.from('0000000a0012000000000001ffff', 'hex')));
  });
}

async function format(jars: string, dir: string, settings: string, scramUsers: readonly string[]): Promise<void> {
  if (existsSync(join(dir, 'data', 'meta.properties'))) return;
  const id = randomBytes(16);
  // In base64 it must not begin with a minus: the tool would take it for an option.
  id.writeUInt8(id.readUInt8(0) & 0x7f, 0);
  const clusterId = id.toString('base64url');
  const args = ['-cp', join(jars, '*'), 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settings];
  const users = scramUsers.flatMap((user) => ['--add-scram', user]);
  await run('java', [...JVM_FLAGS, ...args, ...users]);
}

/** An Apache Kafka broker on this machine, made on first use and not started yet. */
export async function makeBroker(options: BrokerOptions): Promise<JavaProcess> {
  const { dir, port } = options;
  const jars = await kafkaJars();
  const dataDir = join(dir, 'data');
  await mkdir(dataDir, { recursive: true });
  const ours = brokerProperties({ ...options, host: '127.0.0.1', listenOn: '127.0.0.1', dataDir });
  const { secure } = options;
  const secured = secure && {
    listeners: ours.listeners + secure.listeners,
    'advertised.listeners': ours['advertised.listeners'] + secure.listeners,
    'listener.security.protocol.map': ours['listener.security.protocol.map'] + secure.protocols,
    ...secure.config,
  };
  const settings = join(dir, 'server.properties');
  const lines = Object.entries({ ...ours, ...secured, ...options.config }).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(settings, lines.join(''));
  await format(jars, dir, settings, secure?.scramUsers ?? []);
  return new JavaProcess({
    name: 'Apache Kafka',
    args: [
      '-Xmx512m',
      ...JVM_FLAGS,
      '-Dorg.apache.logging.log4j.level=WARN',
      ...['-cp', join(jars, '*'), 'kafka.Kafka', settings],
    ],
    logFile: join(dir, 'broker.log'),
    serves: () => brokerAnswers(port),
    leashedTo: options.leashedTo,
  });
}
