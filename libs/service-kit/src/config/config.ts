import { resolve } from 'node:path';
import { ensureSecret } from './secrets';
import { type SettingName, settings } from './settings';

export interface Config {
  readonly apiPort: number;
  readonly ingestPort: number;
  readonly aggregatorPort: number;
  readonly deliveryPort: number;
  /** Absolute. */
  readonly dataDir: string;
  readonly partitions: number;
  readonly systemToken: string;
  readonly jwtSecret: string;
  /** null: the embedded log. */
  readonly kafkaBrokers: readonly string[] | null;
  readonly schemaRegistryUrl: string | null;
  readonly aggregatorUrls: readonly string[];
  readonly aggregator: {
    /** null: all of the topic. */
    readonly partitions: readonly number[] | null;
    /** The instance with 0 publishes. */
    readonly replica: number;
  };
  readonly publicUrl: string | null;
  readonly signup: 'first' | 'open' | 'closed';
  readonly outboundAllow: readonly string[];
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly providers: {
    readonly facebook: {
      readonly appId: string | null;
      readonly appSecret: string | null;
      readonly webhookSecret: string | null;
      readonly apiUrl: string;
    };
    readonly twilio: { readonly accountSid: string | null; readonly authToken: string | null; readonly apiUrl: string };
  };
}

/** All faults of the environment at once, one a line. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`bad configuration:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

type Parsed = { [N in SettingName]: ReturnType<(typeof settings)[N]['parse']> | null };

/** An empty value counts as unset, so that a compose file may pass variables through. */
function parseAll(env: NodeJS.ProcessEnv): Parsed {
  const faults: string[] = [];
  const parsed: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const text = env[name]?.trim() || setting.default;
    try {
      parsed[name] = text === undefined ? null : setting.parse(text);
    } catch (error) {
      faults.push(`${name}: ${(error as Error).message}`);
    }
  }
  if (parsed.KAFKA_BROKERS && !parsed.SCHEMA_REGISTRY_URL)
    faults.push('SCHEMA_REGISTRY_URL: is needed with KAFKA_BROKERS');
  if (faults.length) throw new ConfigError(faults);
  return parsed as Parsed;
}

/** Settings with a default are never null; the table says which. */
function given<T>(value: T | null): T {
  if (value === null) throw new Error('a setting with a default has no value');
  return value;
}

/**
 * Reads the environment once into one frozen object; makes the secrets that are unset.
 * @throws ConfigError naming every faulty variable
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const p = parseAll(env);
  const dataDir = resolve(given(p.DATA_DIR));
  const aggregatorPort = given(p.AGGREGATOR_PORT);
  return Object.freeze({
    apiPort: given(p.API_PORT),
    ingestPort: given(p.INGEST_PORT),
    aggregatorPort,
    deliveryPort: given(p.DELIVERY_PORT),
    dataDir,
    partitions: given(p.PARTITIONS),
    systemToken: p.SYSTEM_TOKEN ?? ensureSecret(dataDir, 'SYSTEM_TOKEN'),
    jwtSecret: p.JWT_SECRET ?? ensureSecret(dataDir, 'JWT_SECRET'),
    kafkaBrokers: p.KAFKA_BROKERS?.length ? p.KAFKA_BROKERS : null,
    schemaRegistryUrl: p.SCHEMA_REGISTRY_URL,
    aggregatorUrls: p.AGGREGATOR_URLS?.length ? p.AGGREGATOR_URLS : [`http://127.0.0.1:${aggregatorPort}`],
    aggregator: { partitions: p.AGGREGATOR_PARTITIONS, replica: given(p.AGGREGATOR_REPLICA) },
    publicUrl: p.PUBLIC_URL,
    signup: given(p.SIGNUP),
    outboundAllow: given(p.OUTBOUND_ALLOW),
    logLevel: given(p.LOG_LEVEL),
    providers: {
      facebook: {
        appId: p.FACEBOOK_APP_ID,
        appSecret: p.FACEBOOK_APP_SECRET,
        webhookSecret: p.FACEBOOK_WEBHOOK_SECRET,
        apiUrl: given(p.FACEBOOK_API_URL),
      },
      twilio: { accountSid: p.TWILIO_ACCOUNT_SID, authToken: p.TWILIO_AUTH_TOKEN, apiUrl: given(p.TWILIO_API_URL) },
    },
  });
}
