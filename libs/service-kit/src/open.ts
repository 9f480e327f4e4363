import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SchemaRegistrar, SchemaRegistry } from '@parley/contracts';
import { type Log, openEmbeddedLog, openEmbeddedRegistry } from '@parley/log';
import type { Logger } from 'pino';
import { type Config, ConfigError } from './config/config';

export interface OpenedLog {
  readonly log: Log;
  readonly registry: SchemaRegistry & SchemaRegistrar;
  /** Closes both. */
  close(): Promise<void>;
}

/** The log and the schema registry that the configuration names. */
export async function openLog(config: Config, logger: Logger): Promise<OpenedLog> {
  if (config.kafkaBrokers) throw new ConfigError(['KAFKA_BROKERS: this version has no Kafka adapter; unset it']);
  const dir = join(config.dataDir, 'log');
  mkdirSync(config.dataDir, { recursive: true });
  const log = await openEmbeddedLog({ dir, logger });
  const registry = await openEmbeddedRegistry({ dir });
  const close = async () => {
    await log.close();
    await registry.close();
  };
  return { log, registry, close };
}
