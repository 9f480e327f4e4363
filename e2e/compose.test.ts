/** docker-compose.yml and the image's entry, held against the settings and services that they name. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type SettingName, settings } from '@parley/service-kit';
import { type ComposeFile, type ComposeService, compose, composeConfig } from './support/compose';
import { eventually } from './support/eventually';

const root = join(__dirname, '..');
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const secrets = { SYSTEM_TOKEN: 'system-token-of-test', JWT_SECRET: 'jwt-secret-of-test' };

/** Settings that the compose file leaves alone: each container has its own ports and its own /data. */
const FIXED: readonly SettingName[] = ['API_PORT', 'INGEST_PORT', 'AGGREGATOR_PORT', 'DELIVERY_PORT', 'DATA_DIR'];
/** Variables of the file that are no settings: they concern the containers. */
const OF_COMPOSE = /^(PARLEY_VERSION|KAFKA_CLUSTER_ID|[A-Z0-9_]+_(PUBLISH|MEMORY|HEAP_MB))$/;
/** Of Node, not of Parley. */
const OF_NODE = ['NODE_OPTIONS'];
/** A service gives up finishing after 25 seconds (service-kit). */
const SHUTDOWN_S = 25;

const PORT_OF: Readonly<Record<string, SettingName>> = {
  api: 'API_PORT',
  ingest: 'INGEST_PORT',
  'conversation-aggregator': 'AGGREGATOR_PORT',
  delivery: 'DELIVERY_PORT',
};

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-compose-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

if (!compose) {
  if (process.env.CI) throw new Error('Docker Compose is not installed (apt-get install docker-compose)');
  console.warn('SKIPPED: docker-compose.yml is not tested, Docker Compose is not installed');
}

(compose ? describe : describe.skip)('docker-compose.yml', () => {
  let file: ComposeFile;
  beforeAll(() => {
    file = composeConfig(secrets);
  });

  const all = () => Object.entries(file.services);
  const ours = () => all().filter(([, service]) => service.build);
  const running = () => ours().filter(([, service]) => service.restart !== 'no');
  const serviceOf = (service: ComposeService) => service.command?.[0] ?? '';
  const portOf = (service: ComposeService) => settings[PORT_OF[serviceOf(service)] as SettingName].default;
  const environmentOf = (service: ComposeService) =>
    Object.fromEntries(Object.entries(service.environment).map(([name, value]) => [name, String(value)]));
  const configOf = (service: ComposeService) => loadConfig({ ...environmentOf(service), DATA_DIR: dir });
  const mountsOf = (service: ComposeService) =>
    (service.volumes ?? []).map((volume) => {
      const [source = '', target = ''] = typeof volume === 'string' ? volume.split(':') : [];
      return typeof volume === 'string' ? { source, target } : { source: volume.source, target: volume.target };
    });

  it.each(['SYSTEM_TOKEN', 'JWT_SECRET'] as const)('is refused without %s, which the message names', (name) => {
    expect(() => composeConfig({ ...secrets, [name]: '' })).toThrow(`${name} is not set`);
  });

  it('runs every service, and two of those that may be two', () => {
    const run = running().map(([, service]) => serviceOf(service));
    const known = readdirSync(join(root, 'services'));
    expect([...new Set(run)].sort()).toEqual(known.sort());
    for (const twice of ['api', 'conversation-aggregator'])
      expect(run.filter((name) => name === twice)).toHaveLength(2);
  });

  it('names no variable that no setting has, and gives every service a configuration that is accepted', () => {
    for (const [, service] of ours()) {
      const unknown = Object.keys(service.environment).filter((name) => !(name in settings) && !OF_NODE.includes(name));
      expect(unknown).toEqual([]);
      expect(configOf(service)).toMatchObject({
        kafkaBrokers: ['kafka:9092'],
        systemToken: secrets.SYSTEM_TOKEN,
        jwtSecret: secrets.JWT_SECRET,
      });
    }
  });

  it('lets every setting through that an operator may want to change', () => {
    const own: readonly string[] = [...FIXED, 'AGGREGATOR_URLS', 'AGGREGATOR_PARTITIONS', 'AGGREGATOR_REPLICA'];
    const names = Object.keys(settings).filter((name) => !own.includes(name));
    const given = Object.fromEntries(names.map((name) => [name, `value-of-${name}`]));
    const { services } = composeConfig(given);
    for (const [, service] of Object.entries(services).filter(([, { build }]) => build)) {
      expect(environmentOf(service)).toMatchObject(given);
    }
  });

  it('checks every container that goes on running', () => {
    const unchecked = all().filter(([, { restart, healthcheck }]) => restart !== 'no' && !healthcheck);
    expect(unchecked).toEqual([]);
    for (const [, service] of running()) {
      expect(service.healthcheck?.test).toEqual(['CMD', 'node', 'docker/ready.mjs', portOf(service)]);
    }
  });

  it('publishes the ports that the services listen on, none twice', () => {
    const published = all().flatMap(([, { ports = [] }]) => ports.map((port) => String(port.published)));
    expect(new Set(published).size).toBe(published.length);
    for (const [, service] of running()) {
      for (const { target } of service.ports ?? []) expect(String(target)).toBe(portOf(service));
    }
    const open = running().filter(([, { ports }]) => ports?.length);
    expect([...new Set(open.map(([, service]) => serviceOf(service)))].sort()).toEqual(['api', 'ingest']);
  });

  it('tells everybody of every aggregator, of which one publishes', () => {
    const aggregators = running().filter(([, service]) => serviceOf(service) === 'conversation-aggregator');
    const urls = aggregators.map(([name, service]) => `http://${name}:${portOf(service)}`);
    for (const [, service] of ours()) expect(configOf(service).aggregatorUrls).toEqual(urls);
    const replicas = aggregators.map(([, service]) => configOf(service).aggregator.replica);
    expect(replicas.sort()).toEqual(aggregators.map((_, i) => i));
  });

  it('keeps the data of each container apart', () => {
    const mounts = all().flatMap(([, service]) => mountsOf(service));
    const sources = mounts.map(({ source }) => source);
    expect(new Set(sources).size).toBe(sources.length);
    expect(sources.sort()).toEqual(Object.keys(file.volumes).sort());
    const dataDir = /DATA_DIR=(\S+)/.exec(text('Dockerfile'))?.[1];
    for (const [, service] of running()) expect(mountsOf(service).map(({ target }) => target)).toEqual([dataDir]);
  });

  it('starts services once topics and schemas are there, and gives them the time to finish', () => {
    for (const [, service] of running()) {
      expect(service.depends_on?.deploy?.condition).toBe('service_completed_successfully');
      const [, minutes = 0, seconds = 0] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(service.stop_grace_period ?? '') ?? [];
      expect(Number(minutes) * 60 + Number(seconds)).toBeGreaterThan(SHUTDOWN_S);
    }
    expect(file.services.deploy?.command?.slice(0, 2)).toEqual(['parley', 'deploy']);
  });
});

describe('.env.example', () => {
  const listed = [...text('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1] ?? '');

  it('lists every variable that the compose file reads, and no other', () => {
    const read = [...text('docker-compose.yml').matchAll(/\$\{([A-Z0-9_]+)/g)].map((match) => match[1] ?? '');
    expect([...listed].sort()).toEqual([...new Set(read)].sort());
  });

  it('names settings, or what concerns the containers alone', () => {
    expect(listed.filter((name) => !(name in settings) && !OF_COMPOSE.test(name))).toEqual([]);
  });
});

describe('the image', () => {
  it('runs a service as the very process that gets the signal, and its check tells when it is ready', async () => {
    const service = spawn(join(root, 'docker', 'run.sh'), ['ingest'], {
      env: { PATH: process.env.PATH, DATA_DIR: dir, INGEST_PORT: '0', ...secrets },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<unknown>((resolve) => service.once('exit', (code, signal) => resolve(signal ?? code)));
    let log = '';
    service.stdout.on('data', (chunk: Buffer) => {
      log += chunk.toString('utf8');
    });
    const check = (port: string) =>
      new Promise<number | null>((resolve) => {
        spawn(process.execPath, [join(root, 'docker', 'ready.mjs'), port]).once('exit', resolve);
      });
    try {
      const port = await eventually(() => {
        const [, found] = /"port":(\d+)/.exec(log) ?? [];
        if (!found) throw new Error(`it does not listen:\n${log}`);
        return found;
      });
      await eventually(async () => expect(await check(port)).toBe(0));
      service.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(await check(port)).toBe(1);
    } finally {
      service.kill('SIGKILL');
    }
  });
});
