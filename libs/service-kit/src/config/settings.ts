import { readFileSync } from 'node:fs';

/** Every setting the services know, in one table: the parser, the docs and the tests are made from it. */

export interface Setting<T> {
  /** Shown in the docs; undefined where unset means off, or made on first start. */
  readonly default: string | undefined;
  /** @throws Error  with a text that completes "<NAME>: …" */
  readonly parse: (text: string) => T;
  readonly about: string;
  readonly secret?: boolean;
}

const port = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new Error(`${JSON.stringify(text)} is no port (0 to 65535)`);
  return value;
};

const text = (value: string): string => value;

const oneOf =
  <const T extends string>(...values: readonly T[]) =>
  (value: string): T => {
    const found = values.find((v) => v === value);
    if (!found) throw new Error(`${JSON.stringify(value)} is none of ${values.join(', ')}`);
    return found;
  };

const httpUrl = (value: string): string => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new Error(`${JSON.stringify(value)} is no http or https URL`);
  }
  return value.replace(/\/+$/, '');
};

/** Credentials in a URL would be shown wherever the URL is. */
const bareUrl = (value: string): string => {
  const { username, password } = new URL(httpUrl(value));
  if (username || password) throw new Error('holds credentials; there are settings of their own for them');
  return httpUrl(value);
};

const flag = (value: string): boolean => oneOf('true', 'false')(value) === 'true';

/** The text of a PEM file, read at the start. */
const pemFile = (path: string): string => {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${JSON.stringify(path)} can not be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (!content.includes('-----BEGIN ')) throw new Error(`${JSON.stringify(path)} is no PEM file`);
  return content;
};

const topicPrefix = (value: string): string => {
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(value)) {
    throw new Error(`${JSON.stringify(value)} is not 1 to 100 of A-Z a-z 0-9 . _ -`);
  }
  return value;
};

const replicas = (value: string): number => {
  if (!/^[1-9]\d?$/.test(value)) throw new Error(`${JSON.stringify(value)} is not in 1 to 99`);
  return Number(value);
};

const list =
  <T>(item: (value: string) => T) =>
  (value: string): readonly T[] =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(item);

const CIDR = /^(\d{1,3}(\.\d{1,3}){3}\/\d{1,2}|[0-9a-fA-F:]+\/\d{1,3})$/;
const cidr = (value: string): string => {
  if (!CIDR.test(value)) throw new Error(`${JSON.stringify(value)} is no CIDR such as 10.0.0.0/8`);
  return value;
};

const hostPort = (value: string): string => {
  if (!/^([^\s:[\]]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/.test(value))
    throw new Error(`${JSON.stringify(value)} is no host:port`);
  return value;
};

const partitions = (value: string): number => {
  const count = Number(value);
  if (!/^\d+$/.test(value) || count < 1 || count > 1024)
    throw new Error(`${JSON.stringify(value)} is not in 1 to 1024`);
  return count;
};

const partitionList = (value: string): readonly number[] => {
  const partitions = new Set<number>();
  for (const part of value.split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first) throw new Error(`${JSON.stringify(value)} is no list such as 0-2,5`);
    for (let partition = first; partition <= last; partition += 1) partitions.add(partition);
  }
  return [...partitions].sort((a, b) => a - b);
};

const ordinal = (value: string): number => {
  if (!/^\d{1,4}$/.test(value)) throw new Error(`${JSON.stringify(value)} is no ordinal (0, 1, …)`);
  return Number(value);
};

const secretText = (value: string): string => {
  if (value.length < 8) throw new Error('is shorter than 8 characters');
  return value;
};

function setting<T>(spec: Setting<T>): Setting<T> {
  return spec;
}

export const settings = {
  API_PORT: setting({ default: '8080', parse: port, about: 'port of the api' }),
  INGEST_PORT: setting({ default: '8081', parse: port, about: 'port of ingest: the webhooks' }),
  AGGREGATOR_PORT: setting({ default: '8082', parse: port, about: 'port of the aggregator’s query API' }),
  DELIVERY_PORT: setting({ default: '8083', parse: port, about: 'port of delivery: health and metrics' }),
  DATA_DIR: setting({
    default: './data',
    parse: text,
    about: 'where the embedded log, states and made secrets are kept; no two instances of a service share it',
  }),
  PARTITIONS: setting({
    default: '6',
    parse: partitions,
    about: 'partitions of the big topics, fixed when they are made',
  }),
  SYSTEM_TOKEN: setting({
    default: undefined,
    parse: secretText,
    secret: true,
    about: 'bearer token with all rights; unset: made on first start, kept in DATA_DIR (mode 0600) and printed',
  }),
  JWT_SECRET: setting({
    default: undefined,
    parse: secretText,
    secret: true,
    about: 'key that tokens of sources and visitors are signed with; unset: made like SYSTEM_TOKEN',
  }),
  KAFKA_BROKERS: setting({ default: undefined, parse: list(hostPort), about: 'host:port, …; unset: the embedded log' }),
  KAFKA_TLS: setting({ default: 'false', parse: flag, about: 'true: connections to the brokers are TLS' }),
  KAFKA_TLS_CA_FILE: setting({
    default: undefined,
    parse: pemFile,
    about: 'certificates to trust, PEM; unset: those that the system trusts',
  }),
  KAFKA_TLS_CERT_FILE: setting({ default: undefined, parse: pemFile, about: 'our own certificate, PEM' }),
  KAFKA_TLS_KEY_FILE: setting({ default: undefined, parse: pemFile, about: 'key of our own certificate, PEM' }),
  KAFKA_SASL_MECHANISM: setting({
    default: undefined,
    parse: oneOf('plain', 'scram-sha-256', 'scram-sha-512'),
    about: 'plain, scram-sha-256 or scram-sha-512; unset: no SASL',
  }),
  KAFKA_SASL_USERNAME: setting({ default: undefined, parse: text, about: 'user for SASL' }),
  KAFKA_SASL_PASSWORD: setting({ default: undefined, parse: text, secret: true, about: 'password for SASL' }),
  KAFKA_REPLICATION_FACTOR: setting({
    default: undefined,
    parse: replicas,
    about: 'copies of each topic that is made; unset: what the brokers do by default',
  }),
  KAFKA_PREFIX: setting({
    default: undefined,
    parse: topicPrefix,
    about: 'put before names of topics, groups and subjects: several installations on one cluster',
  }),
  SCHEMA_REGISTRY_URL: setting({
    default: undefined,
    parse: bareUrl,
    about: 'base of a registry’s Confluent API; needed with Kafka',
  }),
  SCHEMA_REGISTRY_USERNAME: setting({ default: undefined, parse: text, about: 'user for the registry' }),
  SCHEMA_REGISTRY_PASSWORD: setting({
    default: undefined,
    parse: text,
    secret: true,
    about: 'password for the registry',
  }),
  SCHEMA_REGISTRY_CA_FILE: setting({
    default: undefined,
    parse: pemFile,
    about: 'certificates to trust, PEM; unset: those that the system trusts',
  }),
  AGGREGATOR_URLS: setting({
    default: undefined,
    parse: list(httpUrl),
    about: 'query APIs of the aggregators, comma-separated; unset: the one on AGGREGATOR_PORT of this machine',
  }),
  AGGREGATOR_PARTITIONS: setting({
    default: undefined,
    parse: partitionList,
    about: 'partitions that this aggregator serves, for example 0-2,5; unset: all',
  }),
  AGGREGATOR_REPLICA: setting({
    default: '0',
    parse: ordinal,
    about: 'ordinal among the aggregators of the same partitions; 0 publishes the changelog and the dead letters',
  }),
  PUBLIC_URL: setting({
    default: undefined,
    parse: httpUrl,
    about: 'URL that providers know ingest by (Twilio signs it); unset: taken from the request',
  }),
  SIGNUP: setting({ default: 'first', parse: oneOf('first', 'open', 'closed'), about: 'who may sign up' }),
  OUTBOUND_ALLOW: setting({ default: '', parse: list(cidr), about: 'private CIDRs that callers’ URLs may reach' }),
  LOG_LEVEL: setting({
    default: 'info',
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    about: 'trace, debug, info, warn, error, fatal or silent',
  }),
  FACEBOOK_APP_ID: setting({ default: undefined, parse: text, about: 'Facebook and Instagram: our app' }),
  FACEBOOK_APP_SECRET: setting({
    default: undefined,
    parse: text,
    secret: true,
    about: 'signs Facebook and Instagram webhooks; unset: the source is off',
  }),
  FACEBOOK_WEBHOOK_SECRET: setting({
    default: undefined,
    parse: text,
    secret: true,
    about: 'hub.verify_token of the webhook’s verification',
  }),
  FACEBOOK_API_URL: setting({ default: 'https://graph.facebook.com', parse: httpUrl, about: 'Graph API' }),
  TWILIO_ACCOUNT_SID: setting({ default: undefined, parse: text, about: 'Twilio account' }),
  TWILIO_AUTH_TOKEN: setting({
    default: undefined,
    parse: text,
    secret: true,
    about: 'signs Twilio’s webhooks; unset: the source is off',
  }),
  TWILIO_API_URL: setting({ default: 'https://api.twilio.com', parse: httpUrl, about: 'Twilio’s API' }),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof settings;
