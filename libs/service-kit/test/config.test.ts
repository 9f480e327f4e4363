import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError, ensureSecret, loadConfig, settings } from '../src';

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
  ])('names a malformed %s=%s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(`${name}: `)]);
  });

  it('reports all faults together', () => {
    expect(faultsOf({ API_PORT: 'x', INGEST_PORT: 'y', SIGNUP: 'z' })).toHaveLength(3);
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
  });

  it('makes missing secrets once, readable by the owner alone', () => {
    const first = loadConfig({ DATA_DIR: dir });
    expect(loadConfig({ DATA_DIR: dir }).systemToken).toBe(first.systemToken);
    expect(first.systemToken).not.toBe(first.jwtSecret);
    expect(statSync(join(dir, 'system-token')).mode & 0o777).toBe(0o600);
    expect(ensureSecret(dir, 'JWT_SECRET')).toBe(first.jwtSecret);
  });

  it('is described whole in the README', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const documented = [...readme.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(Object.keys(settings).sort());
  });
});
