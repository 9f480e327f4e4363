import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicSpec, topics } from '@parley/contracts';
import { loadConfig, type RunningService, type ServiceContext, type ServiceParts, startService, Table } from '../src';

let dir: string;
const running: RunningService[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-service-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
  rmSync(dir, { recursive: true });
});

const config = () => loadConfig({ DATA_DIR: dir, SYSTEM_TOKEN: 'the-system-token', LOG_LEVEL: 'silent' });

async function start(parts: (ctx: ServiceContext) => Promise<Partial<ServiceParts>>): Promise<RunningService> {
  const service = await startService('test', config(), 0, async (ctx) => ({
    routes: [],
    ready: () => ({ ready: true }),
    close: async () => undefined,
    ...(await parts(ctx)),
  }));
  running.push(service);
  return service;
}

const get = (service: RunningService, path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${service.port}${path}`, { headers });

describe('a service', () => {
  it('answers health and readiness to anybody, metrics to the system token', async () => {
    const service = await start(async () => ({}));
    expect((await get(service, '/health')).status).toBe(200);
    expect((await get(service, '/ready')).status).toBe(200);
    expect((await get(service, '/metrics')).status).toBe(401);
    const metrics = await get(service, '/metrics', { authorization: 'Bearer the-system-token' });
    expect(await metrics.text()).toContain('process_cpu_seconds_total');
  });

  it('is not ready while its parts are not, and says why', async () => {
    const service = await start(async () => ({ ready: () => ({ ready: false, detail: { behind: 7 } }) }));
    const answer = await get(service, '/ready');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ ready: false, behind: 7 });
  });

  it('finishes the requests under way before its parts are closed', async () => {
    let entered = () => {};
    let release = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const order: string[] = [];
    const service = await start(async () => ({
      routes: [
        {
          method: 'GET',
          path: '/slow',
          auth: null,
          handle: async () => {
            entered();
            await held;
            order.push('answered');
            return { status: 200 };
          },
        },
      ],
      close: async () => {
        order.push('closed');
      },
    }));
    const answer = get(service, '/slow');
    await inside;
    const stopped = service.stop();
    release();
    expect((await answer).status).toBe(200);
    await stopped;
    expect(order).toEqual(['answered', 'closed']);
  });
});

describe('a table', () => {
  const tag = { id: 't-1', accountId: 1, name: 'VIP', color: 'tag-red', createdAt: 1 };

  async function twoTables(ctx: ServiceContext) {
    await ctx.log.ensureTopics([topicSpec(topics.tags, 1)]);
    return Promise.all([Table.open(ctx, topics.tags), Table.open(ctx, topics.tags)]);
  }

  it('has a row as soon as the write is answered, and elsewhere after sync', async () => {
    const { ctx } = await start(async () => ({}));
    const [one, other] = await twoTables(ctx);
    const seen: (string | null)[] = [];
    other.onChange((_, value) => seen.push(value?.name ?? null));
    await one.put(tag.id, tag);
    expect(one.get(tag.id)).toEqual(tag);
    await other.sync();
    expect(other.get(tag.id)).toEqual(tag);
    await one.remove(tag.id);
    await other.sync();
    expect([...other.values()]).toEqual([]);
    expect(seen).toEqual(['VIP', null]);
    await Promise.all([one.close(), other.close()]);
  });

  it('leaves out a row that can not be read and goes on', async () => {
    const { ctx } = await start(async () => ({}));
    const [table, other] = await twoTables(ctx);
    await ctx.log.append(topics.tags.name, [{ key: 'bad', value: Buffer.from('no frame') }]);
    await table.put(tag.id, tag);
    expect([...table.values()]).toEqual([tag]);
    await Promise.all([table.close(), other.close()]);
  });

  it('tells whoever asks that it was closed, instead of keeping them waiting', async () => {
    const { ctx } = await start(async () => ({}));
    const [table, other] = await twoTables(ctx);
    await table.close();
    await expect(table.put(tag.id, tag)).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    await other.close();
  });
});
