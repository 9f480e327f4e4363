/**
 * `npm run kafka`, `npm run kafka:stop`, `npm run kafka:wipe`: Apache Kafka and a schema registry on this machine, for
 * development. They go on running in the background; their data is in the cache folder.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBroker } from '../broker';
import { cacheDir } from '../cache';
import { apicurioFolder, kafkaJars } from '../maven';
import { freePorts } from '../ports';
import { makeRegistry, registryUrl } from '../registry';
import { Complaint, type LocalServer, start, stop } from './server';

const USAGE = 'usage: npm run kafka [-- --kafka-port 9092 --registry-port 8085] | kafka:stop | kafka:wipe';

const localDir = join(cacheDir(), 'local');

const kafka: LocalServer = {
  name: 'Kafka',
  dir: join(localDir, 'kafka'),
  portFlag: '--kafka-port',
  make: async (port) => {
    const [controllerPort = 0] = await freePorts(1);
    return makeBroker({ dir: kafka.dir, port, controllerPort, leashedTo: undefined });
  },
};

const registry: LocalServer = {
  name: 'the schema registry',
  dir: join(localDir, 'registry'),
  portFlag: '--registry-port',
  make: (port) => makeRegistry({ dir: registry.dir, port, leashedTo: undefined }),
};

const servers = [kafka, registry];

function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Complaint(`${flag}: ${text} is no port`);
  return port;
}

async function startAll(kafkaPort: number, wantedRegistryPort: number): Promise<void> {
  process.stderr.write('Apache Kafka and Apicurio Registry: the first start fetches them (150 MB)\n');
  await Promise.all([kafkaJars(), apicurioFolder()]);
  const [port, registryPort] = await Promise.all([start(kafka, kafkaPort), start(registry, wantedRegistryPort)]);
  process.stderr.write(`running, with data in ${localDir}; npm run kafka:stop ends them\n`);
  process.stdout.write(`KAFKA_BROKERS=127.0.0.1:${port}\n`);
  process.stdout.write(`SCHEMA_REGISTRY_URL=${registryUrl('127.0.0.1', registryPort)}\n`);
}

async function stopAll(): Promise<void> {
  const ran = await Promise.all(servers.map(stop));
  process.stderr.write(ran.includes(true) ? 'stopped\n' : 'nothing was running\n');
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      'kafka-port': { type: 'string', default: '9092' },
      'registry-port': { type: 'string', default: '8085' },
    },
  });
  switch (positionals[0]) {
    case 'start':
      await startAll(portOf('--kafka-port', values['kafka-port']), portOf('--registry-port', values['registry-port']));
      break;
    case 'stop':
      await stopAll();
      break;
    case 'wipe':
      await stopAll();
      await rm(localDir, { recursive: true, force: true });
      process.stderr.write(`deleted ${localDir}\n`);
      break;
    default:
      throw new Complaint(USAGE);
  }
}

main().then(
  // What it started goes on without it.
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`${error instanceof Complaint ? error.message : error.stack}\n`);
    process.exit(1);
  },
);
