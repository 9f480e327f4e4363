import { pino } from 'pino';
import { openEmbeddedLog } from '../src/embedded/log';
import { openKafkaLog } from '../src/kafka/log';
import type { Log } from '../src/port';

/** Where a log is, as a process of a test is told. */
export type LogPlace =
  | { readonly dir: string }
  | { readonly brokers: readonly string[]; readonly prefix: string; readonly instanceId?: string };

export function openLogAt(place: LogPlace): Promise<Log> {
  if ('dir' in place) return openEmbeddedLog({ dir: place.dir });
  return openKafkaLog({ ...place, clientId: 'parley-test', logger: pino({ level: 'silent' }) });
}
