import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Config, openLog } from '@parley/service-kit';
import type { Logger } from 'pino';
import { leftoversAfter } from '../../system/leftovers';
import { servicesOf } from '../../system/services';
import { CommandError, UsageError } from '../command';
import type { LogEnd } from './ends';

/** Where a log is: on Kafka, as the environment says, or in the directory of an installation. */
export type Place = { readonly kind: 'kafka' } | { readonly kind: 'embedded'; readonly dataDir: string };

const EMBEDDED = 'embedded:';

/** @throws UsageError */
export function placeOf(option: string, text: string | undefined): Place {
  if (text === 'kafka') return { kind: 'kafka' };
  if (text?.startsWith(EMBEDDED) && text.length > EMBEDDED.length) {
    return { kind: 'embedded', dataDir: resolve(text.slice(EMBEDDED.length)) };
  }
  if (text === undefined) throw new UsageError(`${option}: is needed`);
  throw new UsageError(`${option}: ${JSON.stringify(text)} is neither kafka nor embedded:<DATA_DIR>`);
}

export interface OpenEnd extends LogEnd {
  close(): Promise<void>;
}

/** What the log is wanted for. */
export interface Use {
  /** It must be there already. */
  readonly exists: boolean;
  /** Nobody else may use it. */
  readonly alone: boolean;
}

/** @throws CommandError  there is no such log, or its installation is running */
export async function openEnd(place: Place, use: Use, config: Config, logger: Logger): Promise<OpenEnd> {
  if (place.kind === 'kafka') {
    if (!config.kafkaBrokers) throw new CommandError('KAFKA_BROKERS: is needed for the log on kafka', true);
    return open('kafka', config, logger);
  }
  const { dataDir } = place;
  const own: Config = { ...config, dataDir, kafkaBrokers: null };
  if (use.exists && !existsSync(join(dataDir, 'log'))) {
    throw new CommandError(`${dataDir} holds no embedded log; name the DATA_DIR of an installation`, true);
  }
  const running = use.alone ? await leftoversAfter(0, join(dataDir, 'run'), servicesOf(own)) : [];
  if (running.length > 0) {
    const who = running.map(({ service, pid }) => `${service} (pid ${pid})`).join(', ');
    throw new CommandError(`${dataDir} is in use by ${who}; stop that system first`);
  }
  return open(`${EMBEDDED}${dataDir}`, own, logger);
}

async function open(name: string, config: Config, logger: Logger): Promise<OpenEnd> {
  const { log, registry, close } = await openLog(config, logger);
  return { name, log, schemas: registry, close };
}
