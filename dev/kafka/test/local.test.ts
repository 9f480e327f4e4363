import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describeWhereKafkaRuns } from '../src';
import { brokerAnswers } from '../src/broker';
import { apicurioFolder, kafkaJars } from '../src/maven';
import { freePorts } from '../src/ports';
import { registryAnswers } from '../src/registry';

const run = promisify(execFile);
const main = join(__dirname, '..', 'dist', 'local', 'main.js');
const FETCH_DEADLINE_MS = 600_000;
const START_DEADLINE_MS = 120_000;

// The built command, as npm run kafka starts it, with a cache of its own that the fetched jars are linked into.
describeWhereKafkaRuns('npm run kafka', () => {
  let cache = '';
  let ports: string[] = [];

  const command = (...args: string[]) =>
    run(process.execPath, [main, ...args], { env: { ...process.env, PARLEY_CACHE_DIR: cache } });
  const start = (...args: string[]) =>
    command('start', '--kafka-port', ports[0] ?? '', '--registry-port', ports[1] ?? '', ...args);

  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'parley-local-'));
    for (const folder of await Promise.all([kafkaJars(), apicurioFolder()])) {
      await symlink(folder, join(cache, basename(folder)));
    }
    ports = (await freePorts(2)).map(String);
  }, FETCH_DEADLINE_MS);

  afterAll(async () => {
    await command('wipe');
    await rm(cache, { recursive: true, force: true });
  }, START_DEADLINE_MS);

  it(
    'prints what to set once both answer; a second start finds them, stop ends them, data stays until it is wiped',
    async () => {
      const { stdout } = await start();
      expect(stdout).toBe(
        `KAFKA_BROKERS=127.0.0.1:${ports[0]}\nSCHEMA_REGISTRY_URL=http://127.0.0.1:${ports[1]}/apis/ccompat/v7\n`,
      );
      const url = `http://127.0.0.1:${ports[1]}/apis/ccompat/v7`;
      expect(await brokerAnswers(Number(ports[0]))).toBe(true);
      const schema = JSON.stringify({ schema: '{"type":"string"}' });
      const made = await fetch(`${url}/subjects/kept-value/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: schema,
      });
      expect(made.status).toBe(200);

      expect((await start('--kafka-port', '1')).stdout).toBe(stdout);

      expect((await command('stop')).stderr).toContain('stopped');
      expect(await brokerAnswers(Number(ports[0]))).toBe(false);
      expect(await registryAnswers(url)).toBe(false);
      expect((await command('stop')).stderr).toContain('nothing was running');

      await start();
      expect(await (await fetch(`${url}/subjects`)).json()).toEqual(['kept-value']);
      await command('wipe');
      expect(await brokerAnswers(Number(ports[0]))).toBe(false);

      await start();
      expect(await (await fetch(`${url}/subjects`)).json()).toEqual([]);
      await command('stop');
    },
    START_DEADLINE_MS,
  );

  it(
    'believes no note of a process that is gone',
    async () => {
      const note = join(cache, 'local', 'kafka', 'running.json');
      await start();
      await command('stop');
      await writeFile(note, JSON.stringify({ pid: process.pid, port: Number(ports[0]) }));
      expect((await command('stop')).stderr).toContain('nothing was running');
      await expect(readFile(note)).rejects.toThrow(/ENOENT/);
    },
    START_DEADLINE_MS,
  );

  it(
    'says whose port is taken and how to choose another',
    async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(Number(ports[0]), '127.0.0.1', resolve));
      const failed = await start().then(
        () => undefined,
        (error: { code: number; stderr: string }) => error,
      );
      other.close();
      expect(failed?.code).toBe(1);
      expect(failed?.stderr).toMatch(/port \d+ for Kafka is in use by another program; choose one with --kafka-port/);
    },
    START_DEADLINE_MS,
  );
});
