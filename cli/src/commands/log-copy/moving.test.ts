import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithKafka } from '@parley/kafka-dev';
import { System } from '../../../../e2e/harness';

/** The compiled programs (npm test builds first). */
const DIST = join(__dirname, '../../../dist');
const MINUTES_MS = 60_000;

interface Hash {
  readonly partition: number;
  readonly applied: number;
  readonly hash: string;
  readonly conversations: number;
}

let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'parley-moving-'));
  const [API_PORT, INGEST_PORT, AGGREGATOR_PORT, DELIVERY_PORT] = await freePorts(4);
  const env = { API_PORT, INGEST_PORT, AGGREGATOR_PORT, DELIVERY_PORT, KAFKA_BROKERS: '' };
  // An installation with all sources, tags, channels, profiles and dead letters.
  await run('demo/main.js', ['--messages', '400', '--exit'], env);
}, 3 * MINUTES_MS);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function freePorts(count: number): Promise<readonly string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  await Promise.all(
    servers.map((server) => server.listening || new Promise((resolve) => server.once('listening', resolve))),
  );
  const ports = servers.map((server) => String((server.address() as { port: number }).port));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const all = { PATH: process.env.PATH, HOME: process.env.HOME, ...env };
  const { stdout } = await promisify(execFile)(process.execPath, [join(DIST, program), ...args], {
    cwd: dir,
    env: all,
  });
  return stdout;
}

const parley = (args: string, env?: NodeJS.ProcessEnv) => run('parley.js', args.split(' '), env);
const copy = async (from: string, to: string, env?: NodeJS.ProcessEnv) =>
  JSON.parse(await parley(`log copy --from ${from} --to ${to} --verify --states --json`, env));
const statesOf = async (place: string, env?: NodeJS.ProcessEnv): Promise<readonly Hash[]> =>
  JSON.parse(await parley(`log states --of ${place} --json`, env)).partitions;

/** What an aggregator says that has read the log from its beginning, with the router running beside it. */
async function served(
  dataDir: string,
  env: Record<string, string> = {},
  meanwhile: () => Promise<void> = async () => {},
): Promise<readonly Hash[]> {
  const system = await System.create({ mode: 'services', dataDir: join(dir, dataDir), env });
  try {
    system.launchService('conversation-aggregator');
    await system.ready('conversation-aggregator');
    system.launchService('ingest');
    await system.ready('ingest');
    const { partitions } = await system.aggregator.expect<{ partitions: Hash[] }>(200, '/query/state-hash', {});
    await meanwhile();
    return partitions;
  } finally {
    await system.stop();
  }
}

describe('an installation that moves', () => {
  it(
    'comes to the same states in another directory, where nothing is routed again',
    async () => {
      const before = await statesOf('embedded:data-demo');
      expect(before.reduce((sum, { conversations }) => sum + conversations, 0)).toBeGreaterThan(20);
      const report = await copy('embedded:data-demo', 'embedded:moved');
      expect(report.topics.every(({ offsetsKept }: { offsetsKept: boolean }) => offsetsKept)).toBe(true);
      expect(report.positions).toContainEqual(expect.objectContaining({ group: 'ingest-router' }));
      for (const { source, target } of report.positions) expect(target).toBe(source);
      expect(report.states).toEqual(before);
      expect(await served('moved')).toEqual(before);
      // What the router would have done again would be on the log.
      expect(await statesOf('embedded:moved')).toEqual(before);
    },
    2 * MINUTES_MS,
  );

  describeWithKafka('between the embedded log and Kafka', (kafka) => {
    const settings = () => ({
      KAFKA_BROKERS: kafka().brokers.join(','),
      SCHEMA_REGISTRY_URL: kafka().registryUrl,
      KAFKA_PREFIX: `moving-${randomBytes(4).toString('hex')}.`,
    });

    it(
      'comes to the same states there, and back again',
      async () => {
        const env = settings();
        const before = await statesOf('embedded:data-demo');
        await parley('deploy', env);
        expect((await copy('embedded:data-demo', 'kafka', env)).states).toEqual(before);
        const early = async () => {
          await expect(parley('log copy --from kafka --to embedded:early', env)).rejects.toThrow('kafka is in use');
        };
        // With what the services kept of the embedded log.
        cpSync(join(dir, 'data-demo'), join(dir, 'on-kafka'), { recursive: true });
        expect(await served('on-kafka', env, early)).toEqual(before);
        expect(await statesOf('kafka', env)).toEqual(before);
        expect((await copy('kafka', 'embedded:back', env)).states).toEqual(before);
        expect(await served('back')).toEqual(before);
        expect(await statesOf('embedded:back')).toEqual(before);
      },
      5 * MINUTES_MS,
    );

    it(
      'goes on where it was killed',
      async () => {
        const env = settings();
        const args = ['log', 'copy', '--from', 'embedded:data-demo', '--to', 'kafka'];
        const child = spawn(process.execPath, [join(DIST, 'parley.js'), ...args], {
          cwd: dir,
          env: { PATH: process.env.PATH, ...env },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let notes = '';
        child.stderr.on('data', (chunk: Buffer) => {
          notes += chunk.toString('utf8');
          // Some are there: the next topic is on its way.
          if (/: [1-9]\d* records$/m.test(notes)) child.kill('SIGKILL');
        });
        const [, signal] = (await once(child, 'close')) as [number | null, string | null];
        expect(signal).toBe('SIGKILL');
        const report = JSON.parse(await parley([...args, '--resume', '--verify', '--states', '--json'].join(' '), env));
        const records = report.topics.reduce((sum: number, topic: { records: number }) => sum + topic.records, 0);
        expect(report.copied).toBeGreaterThan(0);
        expect(report.copied).toBeLessThan(records);
        expect(report.states).toEqual(await statesOf('embedded:data-demo'));
      },
      2 * MINUTES_MS,
    );
  });
});
