import { type ChildProcess, exec, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describeWithKafka } from '@parley/kafka-dev';

/** The compiled programs with the compiled services (npm test builds first). */
const DIST = join(__dirname, '../../dist');
const SERVICES = ['ingest', 'conversation-aggregator', 'api', 'delivery'];

let dir: string;
let child: ChildProcess | undefined;
let output: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-running-'));
  output = '';
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await ended();
  }
  rmSync(dir, { recursive: true, force: true });
});

async function freePorts(count: number): Promise<readonly string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  const ports = await Promise.all(
    servers.map(async (server) => {
      if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
      return String((server.address() as AddressInfo).port);
    }),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function run(program: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const [API_PORT, INGEST_PORT, AGGREGATOR_PORT, DELIVERY_PORT] = await freePorts(4);
  child = spawn(process.execPath, [join(DIST, program), ...args], {
    cwd: dir,
    env: { PATH: process.env.PATH, API_PORT, INGEST_PORT, AGGREGATOR_PORT, DELIVERY_PORT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const hear = (chunk: Buffer) => {
    output += chunk.toString('utf8');
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
}

const ended = () =>
  new Promise<number | null>((resolve) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) resolve(child?.exitCode ?? null);
    else child.once('close', resolve);
  });

async function eventually(check: () => boolean): Promise<void> {
  while (!check()) {
    if (child?.exitCode !== null) throw new Error(`ended too early:\n${output}`);
    await sleep(20);
  }
}

function pids(dataDir: string): readonly number[] {
  return SERVICES.map((name) => Number(readFileSync(join(dir, dataDir, 'run', `${name}.pid`), 'utf8')));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the system on one machine', () => {
  it('comes up with a command line that works as printed, and ends on SIGTERM', async () => {
    await run('start.js');
    await eventually(() => output.includes('Parley is up.') && /Try .*\n/.test(output));
    const command = /Try\s+(curl .*)\n/.exec(output)?.[1] ?? '';
    const { stdout } = await promisify(exec)(command);
    expect(JSON.parse(stdout)).toMatchObject({ data: [], pagination_data: { total: 0 } });
    child?.kill('SIGTERM');
    expect(await ended()).toBe(0);
    expect(readdirSync(join(dir, 'data', 'run'))).toEqual([]);
  });

  it('leaves no service behind where it is killed, and starts again on the same directory', async () => {
    await run('start.js');
    await eventually(() => output.includes('Parley is up.'));
    const services = pids('data');
    child?.kill('SIGKILL');
    await ended();
    output = '';
    await run('start.js');
    await eventually(() => output.includes('Parley is up.'));
    expect(services.some(isAlive)).toBe(false);
    child?.kill('SIGINT');
    expect(await ended()).toBe(0);
  });

  it('plays the demo and finds every message again', async () => {
    mkdirSync(join(dir, 'data-demo'));
    await run('demo/main.js', ['--messages', '300', '--exit']);
    const code = await ended();
    expect(output).toMatch(/All there: \d+ conversations, 300 messages, \d+ unread/);
    expect(output).toContain('tagged VIP:');
    expect(code).toBe(0);
    expect(existsSync(join(dir, 'data-demo', 'run', 'api.pid'))).toBe(false);
  });
});

describeWithKafka('the system on one machine, with Kafka', (kafka) => {
  const settings = () => ({
    KAFKA_BROKERS: kafka().brokers.join(','),
    SCHEMA_REGISTRY_URL: kafka().registryUrl,
    KAFKA_PREFIX: `running-${randomBytes(4).toString('hex')}.`,
  });

  it('makes topics and schemas before the services start, and finds them there the next time', async () => {
    const env = settings();
    for (const made of [
      /^Kafka: (\d+) topics, \1 of them made now; (\d+) schemas, \2 registered now$/m,
      / 0 of them made/,
    ]) {
      output = '';
      await run('start.js', [], env);
      await eventually(() => output.includes('Parley is up.') && /Try .*\n/.test(output));
      expect(output).toMatch(made);
      expect(output).not.toContain('secrets were made');
      const { stdout } = await promisify(exec)(/Try\s+(curl .*)\n/.exec(output)?.[1] ?? '');
      expect(JSON.parse(stdout)).toMatchObject({ data: [], pagination_data: { total: 0 } });
      child?.kill('SIGTERM');
      expect(await ended()).toBe(0);
    }
    expect(existsSync(join(dir, 'data', 'log'))).toBe(false);
  }, 180_000);

  it('starts nothing where the topics are others', async () => {
    const env = settings();
    await run('parley.js', ['deploy'], { ...env, PARTITIONS: '2' });
    expect(await ended()).toBe(0);
    output = '';
    await run('start.js', [], { ...env, PARTITIONS: '3' });
    expect(await ended()).toBe(1);
    expect(output).toContain('communication.conversation-events exists with other settings: partitions is 2, not 3');
    expect(output).not.toContain('    at ');
    expect(existsSync(join(dir, 'data', 'run'))).toBe(false);
  }, 120_000);

  it('plays the demo on topics of its own', async () => {
    await run('demo/main.js', ['--messages', '300', '--exit'], settings());
    const code = await ended();
    expect(output).toMatch(/All there: \d+ conversations, 300 messages, \d+ unread/);
    expect(code).toBe(0);
  }, 180_000);
});
