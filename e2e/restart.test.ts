/** Starting and stopping as an operator does it: with `cli/dist/start.js`, signals and environment variables. */
import { readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceName, System, type SystemOptions, serviceNames } from './harness';
import { Client, type Json } from './support/client';
import { describeOnEachLog, keptDirs } from './support/each-log';
import { eventually } from './support/eventually';
import { baseTime, conversationInfo, givenSource, listMessages, unique } from './support/world';

const newDataDir = keptDirs();

async function withSystem<T>(options: SystemOptions, use: (system: System) => Promise<T>): Promise<T> {
  const system = await System.create(options);
  try {
    await system.start();
    return await use(system);
  } catch (error) {
    process.stderr.write(`${system.logs().slice(-20_000)}\n`);
    throw error;
  } finally {
    await system.destroy();
  }
}

/** Starts what must not come up. @returns its exit code and what it printed */
async function failingStart(options: SystemOptions): Promise<{ code: number | null; output: string }> {
  const system = await System.create(options);
  system.launch();
  const patience = setTimeout(() => system.process('start').signal('SIGKILL'), 30_000);
  const { code } = await system.process('start').exited;
  clearTimeout(patience);
  const output = system.process('start').output();
  await system.destroy();
  return { code, output };
}

/** Everything that callers can list. */
async function everything(system: System): Promise<Json> {
  const list = (path: string) => system.api.expect<Json>(200, path, { page_size: 10_000 });
  const pages = await Promise.all(['/conversations.list', '/channels.list', '/tags.list', '/sources.list'].map(list));
  const hash = await system.aggregator.expect<Json>(200, '/query/state-hash', {});
  return [...pages, hash];
}

describeOnEachLog('restart', (log) => {
  // Design, What people can rely on: a 2xx means on the log, durably.
  it('everything is still there after a stop and a start, tokens too', async () => {
    const place = { ...log(), dataDir: await newDataDir() };
    const written = await withSystem(place, async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation({ sent_at: baseTime });
      const tag = await system.api.expect<{ id: string }>(201, '/tags.create', { name: 'vip', color: 'tag-red' });
      await system.api.expect(204, '/conversations.tag', { conversation_id: id, tag_id: tag.id });
      await system.api.expect(204, '/conversations.set-state', { conversation_id: id, state: 'CLOSED' });
      await system.api.expect(204, '/metadata.upsert', { subject: 'conversation', id, data: { crm: { id: 7 } } });
      return { everything: await everything(system), source, id };
    });
    await withSystem(place, async (system) => {
      expect(await everything(system)).toEqual(written.everything);
      const ingest = system.ingest.withToken(written.source.token);
      const name = unique('after');
      await ingest.expect(200, '/sources.webhook', { messages: [written.source.message(name, { content: 'after' })] });
      await eventually(async () => {
        const { total } = (await system.api.expect<{ pagination_data: { total: number } }>(200, '/conversations.list'))
          .pagination_data;
        expect(total).toBe(2);
      });
      expect((await conversationInfo(system.api, written.id)).metadata).toMatchObject({
        state: 'CLOSED',
        unread_count: 1,
      });
      expect(await listMessages(system.api, written.id)).toHaveLength(1);
    });
  }, 120_000);

  // Contract, Process: ends on SIGTERM. Each service ends by itself, too.
  it('SIGTERM ends npm start, and each service, with exit code 0, and frees the ports', async () => {
    for (const mode of ['start', 'services'] as const) {
      const system = await System.create({ ...log(), mode });
      await system.start();
      const exits = await system.stop();
      expect([...exits].map(([name, exit]) => [name, exit.code, exit.signal])).toEqual(
        (mode === 'start' ? ['start'] : [...serviceNames]).map((name) => [name, 0, null]),
      );
      for (const name of serviceNames) {
        await expect(new Client(system.url(name), null).get('/health')).rejects.toThrow();
      }
      await system.destroy();
    }
  }, 120_000);

  // Design, Configuration: secrets that are unset are made on first start and kept with mode 0600.
  it('a system token is made where none is given, kept with mode 0600 and printed', async () => {
    const options = { ...log(), dataDir: await newDataDir(), env: { SYSTEM_TOKEN: undefined, JWT_SECRET: undefined } };
    const start = () =>
      withSystem(options, async (system) => {
        const kept = (await readdir(options.dataDir)).filter((name) => /token|secret/.test(name));
        const paths = kept.map((name) => join(options.dataDir, name));
        expect(kept).toHaveLength(2);
        for (const path of paths) expect((await stat(path)).mode & 0o777).toBe(0o600);
        const secrets = await Promise.all(paths.map(async (path) => (await readFile(path, 'utf8')).trim()));
        const answers = await Promise.all(secrets.map((one) => system.api.withToken(one).post('/tags.list')));
        expect(answers.map((answer) => answer.status).sort()).toEqual([200, 401]);
        const token = secrets[answers.findIndex((answer) => answer.status === 200)] ?? '';
        await eventually(() => expect(system.process('start').output()).toContain(token));
        return secrets;
      });
    const first = await start();
    expect(await start()).toEqual(first);
  }, 120_000);

  // Design, The log is the truth: PARTITIONS is fixed at topic creation.
  it('another number of partitions than the data has is refused', async () => {
    const place = { ...log(), dataDir: await newDataDir() };
    await withSystem(place, async () => undefined);
    const { code, output } = await failingStart({ ...place, env: { PARTITIONS: '3' } });
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    expect(output).toMatch(/partition/i);
  }, 90_000);
});

describe('a start that can not be', () => {
  // Design, Configuration: an unknown or malformed value stops the start with a message that names it.
  const faults: Record<string, string> = {
    API_PORT: 'eighty',
    INGEST_PORT: '70000',
    PARTITIONS: '0',
    LOG_LEVEL: 'loud',
    SIGNUP: 'maybe',
    OUTBOUND_ALLOW: 'everywhere',
    AGGREGATOR_URLS: 'ftp://x',
  };
  it('a malformed setting is named, and all of them at once', async () => {
    const { code, output } = await failingStart({ env: faults });
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    for (const name of Object.keys(faults)) expect(output).toContain(name);
  });

  it('a port in use is named', async () => {
    const system = await System.create();
    await system.start();
    const env = Object.fromEntries(Object.entries(system.env).filter(([name]) => /_PORT$/.test(name)));
    const { code, output } = await failingStart({ env });
    await system.destroy();
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    const ports: ServiceName[] = [...serviceNames];
    expect(ports.some((name) => output.includes(String(system.ports[name])))).toBe(true);
  }, 90_000);

  // Design, What people can rely on: a torn directory is an alarm and a refusal, never a silent reset.
  it('a torn data directory is refused by name, and left as it is', async () => {
    const dataDir = await newDataDir();
    await withSystem({ dataDir }, async (system) => {
      await (await givenSource(system)).conversation();
    });
    const files = await readdir(dataDir, { recursive: true });
    const events = files.find((file) => /conversation-events\/data\.mdb$/.test(file)) ?? '';
    const { size } = await stat(join(dataDir, events));
    const half = Math.floor(size / 2 / 4096) * 4096;
    await truncate(join(dataDir, events), half);
    const { code, output } = await failingStart({ dataDir });
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    expect(output).toContain('conversation-events');
    expect((await stat(join(dataDir, events))).size).toBe(half);
  }, 120_000);

  it('a directory of something else is refused, and left as it is', async () => {
    const dataDir = await newDataDir();
    await withSystem({ dataDir }, async () => undefined);
    const marker = (await readdir(dataDir, { recursive: true })).find((file) => file.endsWith('parley-log.json')) ?? '';
    await rm(join(dataDir, marker));
    const { code, output } = await failingStart({ dataDir });
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    expect(output).toContain(dataDir);
  }, 120_000);

  it('a data directory that can not be written is named', async () => {
    // Below a file: that stops root, too.
    const { code, output } = await failingStart({ dataDir: '/dev/null/parley' });
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    expect(output).toContain('/dev/null');
  });
});
