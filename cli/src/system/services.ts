import { join } from 'node:path';
import type { Config, SettingName } from '@parley/service-kit';
import type { ServiceSpec } from '../supervisor/service-process';

export interface SystemService extends ServiceSpec {
  readonly port: number;
  /** Environment variable that the port comes from. */
  readonly setting: SettingName;
}

const root = join(__dirname, '..', '..', '..');

/** The four services of one machine. */
export function servicesOf(config: Config): readonly SystemService[] {
  const service = (name: string, setting: SettingName, port: number): SystemService => ({
    name,
    setting,
    port,
    script: join(root, 'services', name, 'dist', 'main.js'),
    readyUrl: `http://127.0.0.1:${port}/ready`,
  });
  return [
    service('ingest', 'INGEST_PORT', config.ingestPort),
    service('conversation-aggregator', 'AGGREGATOR_PORT', config.aggregatorPort),
    service('api', 'API_PORT', config.apiPort),
    service('delivery', 'DELIVERY_PORT', config.deliveryPort),
  ];
}
