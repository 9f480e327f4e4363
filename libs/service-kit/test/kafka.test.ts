import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allTopics, registerSchemas, topicSpec, topics } from '@parley/contracts';
import { describeWithOwnKafka } from '@parley/kafka-dev';
import {
  createLogger,
  loadConfig,
  openLog,
  type RunningService,
  type ServiceContext,
  startService,
  Table,
} from '../src';

const tag = (id: string) => ({ id, accountId: 1, name: id, color: 'tag-red', createdAt: 1 });

/** Keeps tags: POST / writes one, GET / tells their names. */
async function startTags(ctx: ServiceContext) {
  await ctx.log.ensureTopics([topicSpec(topics.tags, 1)]);
  const table = await Table.open(ctx, topics.tags);
  return {
    routes: [
      {
        method: 'POST' as const,
        path: '/tags',
        auth: null,
        handle: async (call: { readonly body: Buffer }) => {
          await table.put(call.body.toString(), tag(call.body.toString()));
          return { status: 204 };
        },
      },
      {
        method: 'GET' as const,
        path: '/tags',
        auth: null,
        handle: async () => {
          await table.refresh();
          return { status: 200, body: [...table.values()].map(({ name }) => name) };
        },
      },
    ],
    ready: () => ({ ready: true }),
    close: () => table.close(),
  };
}

describeWithOwnKafka('a service on Kafka', {}, (kafka) => {
  const dirs: string[] = [];
  const running: RunningService[] = [];
  const emptyDir = () => {
    const dir = mkdtempSync(join(tmpdir(), 'parley-on-kafka-'));
    dirs.push(dir);
    return dir;
  };
  const configOf = (dir: string, prefix: string) =>
    loadConfig({
      DATA_DIR: dir,
      LOG_LEVEL: 'silent',
      KAFKA_BROKERS: kafka().brokers.join(','),
      SCHEMA_REGISTRY_URL: kafka().registryUrl,
      KAFKA_PREFIX: prefix,
    });
  const deploy = async (prefix: string) => {
    const config = configOf(emptyDir(), prefix);
    const { log, registry, close } = await openLog(config, createLogger('deploy', 'silent'));
    await log.ensureTopics(allTopics([]).map((topic) => topicSpec(topic, config.partitions)));
    await registerSchemas(registry, allTopics([]));
    await close();
  };
  const start = async (dir: string, prefix: string) => {
    const service = await startService('test', configOf(dir, prefix), 0, startTags);
    running.push(service);
    return service;
  };
  const call = (service: RunningService, path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${service.port}${path}`, init);
  const write = (service: RunningService, body: string) => call(service, '/tags', { method: 'POST', body });
  const names = async (service: RunningService) => (await call(service, '/tags')).json();
  const until = async (condition: () => Promise<boolean>) => {
    // Less than the test's own time-out, which would leave the waiting behind.
    const deadline = performance.now() + 45_000;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`still not so: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop()));
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
  });

  it('does not start before it was deployed, and says so', async () => {
    await expect(start(emptyDir(), 'undeployed.')).rejects.toMatchObject({
      code: 'SCHEMA_UNREGISTERED',
      message: expect.stringMatching(/undeployed\.communication\.tags-.*parley deploy/),
    });
  });

  it('refuses while the broker stands still, keeps what it has, and goes on by itself', async () => {
    await deploy('paused.');
    const service = await start(emptyDir(), 'paused.');
    expect((await write(service, 'before')).status).toBe(204);
    await kafka().broker.pause();
    try {
      const refused = await write(service, 'meanwhile');
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await refused.json()).toMatchObject({ code: 'UNAVAILABLE' });
      expect((await call(service, '/ready')).status).toBe(503);
      expect((await call(service, '/health')).status).toBe(200);
      expect(await names(service)).toEqual(['before']);
    } finally {
      kafka().broker.resume();
    }
    await until(async () => (await call(service, '/ready')).status === 200);
    await until(async () => (await write(service, 'after')).status === 204);
    expect(await names(service)).toEqual(expect.arrayContaining(['before', 'after']));
  });

  it('started while the broker is dead, it is there once the broker is', async () => {
    await deploy('dead.');
    await kafka().broker.kill();
    const starting = start(emptyDir(), 'dead.');
    await kafka().broker.start();
    const service = await starting;
    expect((await write(service, 'one')).status).toBe(204);
  });

  it('starts again without the registry; a new one waits for it', async () => {
    await deploy('unregistered.');
    const dir = emptyDir();
    const first = await start(dir, 'unregistered.');
    await write(first, 'one');
    await first.stop();
    await kafka().registry.stop();
    const again = await start(dir, 'unregistered.');
    expect(await names(again)).toEqual(['one']);
    expect((await write(again, 'two')).status).toBe(204);
    const waiting = start(emptyDir(), 'unregistered.');
    await kafka().registry.start();
    expect(await names(await waiting)).toEqual(['one', 'two']);
  });
});
