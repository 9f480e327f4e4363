import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError, ensureSecret, loadConfig, settings } from '../src';
import { ensureInstanceId } from '../src/config/secrets';

const root = resolve(__dirname, '../../..');
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-config-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig({ DATA_DIR: dir, ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('configuration', () => {
  it('needs nothing but defaults', () => {
    const config = loadConfig({ DATA_DIR: dir });
    expect(config).toMatchObject({
      apiPort: 8080,
      ingestPort: 8081,
      partitions: 6,
      kafkaBrokers: null,
      signup: 'first',
    });
    expect(config.aggregatorUrls).toEqual(['http://127.0.0.1:8082']);
  });

  it.each([
    ['API_PORT', 'eighty'],
    ['API_PORT', '70000'],
    ['PARTITIONS', '0'],
    ['SIGNUP', 'maybe'],
    ['LOG_LEVEL', 'loud'],
    ['FACEBOOK_API_URL', 'ftp://x'],
    ['OUTBOUND_ALLOW', 'here'],
    ['SYSTEM_TOKEN', 'short'],
    ['KAFKA_BROKERS', 'broker'],
    ['AGGREGATOR_PARTITIONS', '3-1'],
    ['AGGREGATOR_PARTITIONS', '1,,2'],
    ['AGGREGATOR_REPLICA', '-1'],
    ['KAFKA_TLS', 'yes'],
    ['KAFKA_SASL_MECHANISM', 'gssapi'],
    ['KAFKA_PREFIX', 'a/b'],
    ['KAFKA_PREFIX', 'ä'],
    ['KAFKA_REPLICATION_FACTOR', '0'],
    ['KAFKA_TLS_CA_FILE', '/nowhere/ca.pem'],
    ['SCHEMA_REGISTRY_URL', 'registry:8081'],
    ['SCHEMA_REGISTRY_URL', 'http://me:hunter2@registry:8081'],
  ])('names a malformed %s=%s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(`${name}: `)]);
  });

  it('reports all faults together', () => {
    expect(faultsOf({ API_PORT: 'x', INGEST_PORT: 'y', SIGNUP: 'z' })).toHaveLength(3);
  });

  const onKafka = { KAFKA_BROKERS: 'a:9092, [::1]:9093', SCHEMA_REGISTRY_URL: 'http://registry:8081/' };

  it('takes brokers and their registry, and nothing else by default', () => {
    expect(loadConfig({ DATA_DIR: dir, ...onKafka })).toMatchObject({
      kafkaBrokers: ['a:9092', '[::1]:9093'],
      kafka: { prefix: '', tls: null, sasl: null, replicationFactor: null },
      schemaRegistryUrl: 'http://registry:8081',
      schemaRegistry: { username: null, password: null, ca: null },
      madeSecrets: ['SYSTEM_TOKEN', 'JWT_SECRET'],
    });
  });

  it('reads certificates at once, and credentials', () => {
    const pem = (name: string) => {
      const path = join(dir, `${name}.pem`);
      writeFileSync(path, `-----BEGIN ${name}-----`);
      return path;
    };
    const config = loadConfig({
      DATA_DIR: dir,
      ...onKafka,
      JWT_SECRET: 'the-jwt-secret',
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA_FILE: pem('ca'),
      KAFKA_TLS_CERT_FILE: pem('cert'),
      KAFKA_TLS_KEY_FILE: pem('key'),
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'parley',
      KAFKA_SASL_PASSWORD: 'hunter2',
      KAFKA_REPLICATION_FACTOR: '3',
      KAFKA_PREFIX: 'blue.',
      SCHEMA_REGISTRY_USERNAME: 'me',
      SCHEMA_REGISTRY_PASSWORD: 'hunter3',
      SCHEMA_REGISTRY_CA_FILE: pem('registry'),
    });
    expect(config).toMatchObject({
      kafka: {
        prefix: 'blue.',
        tls: { ca: '-----BEGIN ca-----', cert: '-----BEGIN cert-----', key: '-----BEGIN key-----' },
        sasl: { mechanism: 'scram-sha-512', username: 'parley', password: 'hunter2' },
        replicationFactor: 3,
      },
      schemaRegistry: { username: 'me', password: 'hunter3', ca: '-----BEGIN registry-----' },
      madeSecrets: ['SYSTEM_TOKEN'],
    });
  });

  it.each([
    [{ KAFKA_BROKERS: 'a:9092' }, 'SCHEMA_REGISTRY_URL: '],
    [{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' }, 'KAFKA_SASL_PASSWORD: '],
    [{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_PASSWORD: 'hunter2' }, 'KAFKA_SASL_USERNAME: '],
    [{ KAFKA_SASL_USERNAME: 'me' }, 'KAFKA_SASL_MECHANISM: '],
    [{ SCHEMA_REGISTRY_USERNAME: 'me' }, 'SCHEMA_REGISTRY_PASSWORD: '],
    [{ KAFKA_TLS: 'true', KAFKA_TLS_KEY_FILE: 'PEM' }, 'KAFKA_TLS_CERT_FILE: '],
    [{ KAFKA_TLS_CA_FILE: 'PEM' }, 'KAFKA_TLS_CA_FILE: '],
  ] as const)('names what %j lacks', (env, fault) => {
    const pem = join(dir, 'a.pem');
    writeFileSync(pem, '-----BEGIN CERTIFICATE-----');
    const filled = Object.fromEntries(Object.entries(env).map(([name, v]) => [name, v === 'PEM' ? pem : v]));
    expect(faultsOf(filled)).toEqual([expect.stringContaining(fault)]);
  });

  it('takes an empty value for unset', () => {
    expect(
      loadConfig({ DATA_DIR: dir, API_PORT: '', FACEBOOK_APP_SECRET: '' }).providers.facebook.appSecret,
    ).toBeNull();
  });

  it('reads a list of partitions', () => {
    expect(loadConfig({ DATA_DIR: dir, AGGREGATOR_PARTITIONS: '5, 0-2' }).aggregator.partitions).toEqual([0, 1, 2, 5]);
    expect(loadConfig({ DATA_DIR: dir }).aggregator).toEqual({ partitions: null, replica: 0 });
  });

  it('never shows a secret in a fault', () => {
    expect(faultsOf({ SYSTEM_TOKEN: 'abc123' }).join()).not.toContain('abc123');
    expect(faultsOf({ SCHEMA_REGISTRY_URL: 'http://me:hunter2@registry:8081' }).join()).not.toContain('hunter2');
  });

  it('makes missing secrets once, readable by the owner alone', () => {
    const first = loadConfig({ DATA_DIR: dir });
    expect(loadConfig({ DATA_DIR: dir }).systemToken).toBe(first.systemToken);
    expect(first.systemToken).not.toBe(first.jwtSecret);
    expect(statSync(join(dir, 'system-token')).mode & 0o777).toBe(0o600);
    expect(ensureSecret(dir, 'JWT_SECRET')).toBe(first.jwtSecret);
  });

  it('has a name of its own, the same over restarts', () => {
    expect(ensureInstanceId(dir)).toMatch(/^[a-z0-9]+$/);
    expect(ensureInstanceId(dir)).toBe(ensureInstanceId(dir));
    expect(ensureInstanceId(join(dir, 'other'))).not.toBe(ensureInstanceId(dir));
  });

  it('is described whole in the README', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const documented = [...readme.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(Object.keys(settings).sort());
  });
});
