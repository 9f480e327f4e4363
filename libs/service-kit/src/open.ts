import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SchemaRegistrar, SchemaRegistry } from '@parley/contracts';
import { type Log, openConfluentRegistry, openEmbeddedLog, openEmbeddedRegistry, openKafkaLog } from '@parley/log';
import type { Logger } from 'pino';
import type { Config } from './config/config';
import { ensureInstanceId } from './config/secrets';

export interface OpenedLog {
  readonly log: Log;
  readonly registry: SchemaRegistry & SchemaRegistrar;
  /** Closes both. */
  close(): Promise<void>;
}

/**
 * The log and the schema registry that the configuration names. Those of a cluster are not connected to before they are
 * first asked.
 * @param service  Who opens it, if it is to be known again after a restart: no two of a data directory at once. What a
 *                 command opens has no name.
 */
export async function openLog(config: Config, logger: Logger, service?: string): Promise<OpenedLog> {
  const opened = config.kafkaBrokers
    ? await openCluster(config, config.kafkaBrokers, logger, service)
    : await openEmbedded(config, logger);
  const close = async () => {
    await opened.log.close();
    await opened.registry.close();
  };
  return { ...opened, close };
}

async function openEmbedded(config: Config, logger: Logger) {
  const dir = join(config.dataDir, 'log');
  mkdirSync(config.dataDir, { recursive: true });
  const log = await openEmbeddedLog({ dir, logger });
  const registry = await openEmbeddedRegistry({ dir });
  return { log, registry };
}

async function openCluster(config: Config, brokers: readonly string[], logger: Logger, service: string | undefined) {
  const { kafka, schemaRegistry, schemaRegistryUrl, dataDir } = config;
  if (schemaRegistryUrl === null) throw new Error('a configuration with brokers has no registry');
  const { username, password, ca } = schemaRegistry;
  const registry = openConfluentRegistry({
    url: schemaRegistryUrl,
    ...(username !== null && password !== null && { username, password }),
    ...(ca !== null && { ca }),
    prefix: kafka.prefix,
    ...(service !== undefined && { cacheFile: join(dataDir, 'schemas', `${service}.json`) }),
    logger,
  });
  const log = await openKafkaLog({
    brokers,
    clientId: service === undefined ? 'parley' : `parley-${service}`,
    ...(service !== undefined && { instanceId: `${service}-${ensureInstanceId(dataDir)}` }),
    prefix: kafka.prefix,
    tls: kafka.tls,
    sasl: kafka.sasl,
    replicationFactor: kafka.replicationFactor,
    logger,
  });
  return { log, registry };
}
