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
  /** Secrets that were unset, so that they are this DATA_DIR's own. */
  readonly madeSecrets: readonly ('SYSTEM_TOKEN' | 'JWT_SECRET')[];
  /** null: the embedded log. */
  readonly kafkaBrokers: readonly string[] | null;
  /** How brokers are talked to, where there are any. */
  readonly kafka: {
    /** Before names of topics, groups and subjects. */
    readonly prefix: string;
    /** null: plain connections. PEM texts. */
    readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
    readonly sasl: {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    } | null;
    /** null: the brokers’ default. */
    readonly replicationFactor: number | null;
  };
  /** Never null with Kafka. */
  readonly schemaRegistryUrl: string | null;
  readonly schemaRegistry: {
    readonly username: string | null;
    readonly password: string | null;
    /** PEM text. */
    readonly ca: string | null;
  };
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
  if (faults.length === 0) faults.push(...faultsOfPairs(parsed as Parsed));
  if (faults.length) throw new ConfigError(faults);
  return parsed as Parsed;
}

/** Settings that are of no use, or half of one, without another. */
function faultsOfPairs(p: Parsed): readonly string[] {
  const faults: string[] = [];
  const needs = (name: SettingName, other: SettingName) => {
    if (p[name] && !p[other]) faults.push(`${other}: is needed with ${name}`);
  };
  if (p.KAFKA_BROKERS?.length) needs('KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL');
  needs('KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME');
  needs('KAFKA_SASL_MECHANISM', 'KAFKA_SASL_PASSWORD');
  needs('KAFKA_SASL_USERNAME', 'KAFKA_SASL_MECHANISM');
  needs('KAFKA_SASL_PASSWORD', 'KAFKA_SASL_MECHANISM');
  needs('KAFKA_TLS_CERT_FILE', 'KAFKA_TLS_KEY_FILE');
  needs('KAFKA_TLS_KEY_FILE', 'KAFKA_TLS_CERT_FILE');
  needs('SCHEMA_REGISTRY_USERNAME', 'SCHEMA_REGISTRY_PASSWORD');
  needs('SCHEMA_REGISTRY_PASSWORD', 'SCHEMA_REGISTRY_USERNAME');
  for (const name of ['KAFKA_TLS_CA_FILE', 'KAFKA_TLS_CERT_FILE'] as const) {
    if (p[name] && !p.KAFKA_TLS) faults.push(`${name}: is of no use unless KAFKA_TLS is true`);
  }
  return [...new Set(faults)];
}

function kafkaOf(p: Parsed): Config['kafka'] {
  const [ca, cert, key] = [p.KAFKA_TLS_CA_FILE, p.KAFKA_TLS_CERT_FILE, p.KAFKA_TLS_KEY_FILE];
  const mechanism = p.KAFKA_SASL_MECHANISM;
  return {
    prefix: p.KAFKA_PREFIX ?? '',
    tls: p.KAFKA_TLS ? { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } : null,
    sasl: mechanism && {
      mechanism,
      username: given(p.KAFKA_SASL_USERNAME),
      password: given(p.KAFKA_SASL_PASSWORD),
    },
    replicationFactor: p.KAFKA_REPLICATION_FACTOR,
  };
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
    madeSecrets: (['SYSTEM_TOKEN', 'JWT_SECRET'] as const).filter((name) => p[name] === null),
    kafkaBrokers: p.KAFKA_BROKERS?.length ? p.KAFKA_BROKERS : null,
    kafka: kafkaOf(p),
    schemaRegistryUrl: p.SCHEMA_REGISTRY_URL,
    schemaRegistry: {
      username: p.SCHEMA_REGISTRY_USERNAME,
      password: p.SCHEMA_REGISTRY_PASSWORD,
      ca: p.SCHEMA_REGISTRY_CA_FILE,
    },
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
