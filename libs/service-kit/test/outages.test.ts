import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Codec, RegistryError, type SchemaRegistry, schemas, topicSpec, topics } from '@parley/contracts';
import { type Log, LogError, type RecordBatch } from '@parley/log';
import { Counter } from 'prom-client';
import {
  createLogger,
  errorReply,
  loadConfig,
  type OpenedLog,
  Outage,
  openLog,
  type RunningService,
  type ServiceContext,
  type ServiceParts,
  startService,
  Table,
} from '../src';

const away = () => new LogError('LOG_UNAVAILABLE', 'no broker can be reached');
const registryAway = () => new RegistryError('REGISTRY_UNAVAILABLE', 'the registry can not be asked');
const tag = (id: string) => ({ id, accountId: 1, name: id, color: 'tag-red', createdAt: 1 });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-outages-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const config = () => loadConfig({ DATA_DIR: dir, SYSTEM_TOKEN: 'the-system-token', LOG_LEVEL: 'silent' });

/** Less than a test's own time-out, which would leave the waiting behind. */
const UNTIL_MS = 45_000;

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + UNTIL_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`still not so after ${UNTIL_MS} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a start', () => {
  const parts: ServiceParts = { routes: [], ready: () => ({ ready: true }), close: async () => undefined };
  const portOf = async (ctx: () => ServiceContext | undefined) => {
    await until(async () => ctx() !== undefined);
  };

  it('waits for what is away, says in /ready for what, and goes on by itself', async () => {
    const started: ServiceContext[] = [];
    let isAway = true;
    const starting = startService('test', config(), 0, async (ctx) => {
      started.push(ctx);
      // What an attempt has counted and opened must not be in the way of the next.
      new Counter({ name: 'test_total', help: 'of the test', registers: [ctx.metrics] });
      await ctx.log.ensureTopics([topicSpec(topics.tags, 1)]);
      await Table.open(ctx, topics.tags);
      if (isAway) throw registryAway();
      return parts;
    });
    await portOf(() => started[1]);
    await expect(started[0]?.log.ends(topics.tags.name)).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    isAway = false;
    const service = await starting;
    const get = (path: string) =>
      fetch(`http://127.0.0.1:${service.port}${path}`, { headers: { authorization: 'Bearer the-system-token' } });
    expect((await get('/ready')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toMatch(/process_cpu_seconds_total(.|\n)*test_total/);
    await service.stop();
  });

  it('answers meanwhile: healthy, not ready, and why; callers are told to come again', async () => {
    const { port } = await openPort();
    const stopping = new AbortController();
    const failing = async () => {
      throw away();
    };
    const starting = startService('test', config(), port, failing, stopping.signal);
    const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
    await until(async () => (await (await get('/ready'))?.text())?.includes('LOG_UNAVAILABLE') === true);
    expect((await get('/health'))?.status).toBe(200);
    const ready = await get('/ready');
    expect(ready?.status).toBe(503);
    expect(await ready?.json()).toMatchObject({
      ready: false,
      state: 'starting',
      reason: expect.stringContaining('no broker'),
    });
    const webhook = await get('/facebook');
    expect(webhook?.status).toBe(503);
    expect(webhook?.headers.get('retry-after')).toBe('1');
    stopping.abort();
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('that is broken off is told, and has ended before the process may', async () => {
    const stopping = new AbortController();
    const steps: string[] = [];
    const starting = startService(
      'test',
      config(),
      0,
      async (ctx) => {
        steps.push('begun');
        await new Promise((resolve) => ctx.ending.addEventListener('abort', resolve));
        await new Promise((resolve) => setImmediate(resolve));
        steps.push('left');
        return { ...parts, close: async () => void steps.push('closed') };
      },
      stopping.signal,
    );
    await until(async () => steps.length > 0);
    stopping.abort();
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
    expect(steps).toEqual(['begun', 'left', 'closed']);
  });

  it.each([
    new LogError('TOPIC_MISMATCH', 'communication.tags: partitions is 3, not 1'),
    new RegistryError('SCHEMA_UNREGISTERED', 'run `parley deploy`'),
    new LogError('LOG_REFUSED', 'bad credentials'),
  ])('ends with what waiting does not mend: $code', async (error) => {
    let attempts = 0;
    const starting = startService('test', config(), 0, async () => {
      attempts += 1;
      throw error;
    });
    await expect(starting).rejects.toBe(error);
    expect(attempts).toBe(1);
  });
});

/** A port that nobody has. */
async function openPort(): Promise<{ readonly port: number }> {
  const service = await startService('test', config(), 0, async () => ({
    routes: [],
    ready: () => ({ ready: true }),
    close: async () => undefined,
  }));
  await service.stop();
  return { port: service.port };
}

describe('a table', () => {
  let opened: OpenedLog;
  let service: RunningService | undefined;
  const logger = createLogger('test', 'silent');

  beforeEach(async () => {
    opened = await openLog(config(), logger);
    await opened.log.ensureTopics([topicSpec(topics.tags, 1)]);
  });
  afterEach(async () => {
    await service?.stop();
    service = undefined;
    await opened.close();
  });

  it('keeps its rows while the log is away, lets nobody wait for long, and goes on', async () => {
    let isAway = false;
    const log = withReader(opened.log, () => {
      if (isAway) throw away();
    });
    const table = await Table.open({ log, registry: opened.registry, logger }, topics.tags);
    await table.put('one', tag('one'));
    isAway = true;
    await expect(table.put('two', tag('two'))).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE', retryable: true });
    await expect(table.sync()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect([...table.values()]).toEqual([tag('one')]);
    isAway = false;
    await table.sync();
    expect([...table.values()]).toEqual([tag('one'), tag('two')]);
    await table.close();
  });

  it('is read while the log is away, and up to its end once it is back; nothing is called missing', async () => {
    const fickle = new FickleLog(opened.log);
    const table = await Table.open({ log: fickle.log, registry: opened.registry, logger }, topics.tags);
    const other = await Table.open({ log: opened.log, registry: opened.registry, logger }, topics.tags);
    await table.put('one', tag('one'));
    fickle.isAway = true;
    await table.refresh();
    expect(await table.find('one')).toEqual(tag('one'));
    await expect(table.find('two')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await expect(table.find('one', ({ color }) => color === 'tag-blue')).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
    });
    await expect(table.sync()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });

    // It is tried in vain by the table itself: who reads does not wait for it.
    fickle.standsStill();
    await until(async () => fickle.waiting > 0);
    const { waiting } = fickle;
    for (let reads = 0; reads < 10; reads += 1) await table.refresh();
    expect(fickle.waiting).toBe(waiting);

    await other.put('two', tag('two'));
    fickle.goesOn();
    await until(async () => (await table.find('two').catch(() => undefined)) !== undefined);
    await other.put('three', tag('three'));
    await table.refresh();
    expect([...table.values()].map(({ id }) => id)).toEqual(['one', 'two', 'three']);
    expect(await table.find('four')).toBeUndefined();
    await table.close();
    await other.close();
  });

  it('asks the log again after it was away, also where the first answer is another error', async () => {
    let failure: LogError | undefined;
    const log: Log = new Proxy(opened.log, {
      get: (target, name) => {
        if (name === 'ends') {
          return async (topic: string) => {
            const thrown = failure;
            if (thrown) failure = new LogError('UNKNOWN_TOPIC', 'not known to that broker yet');
            if (thrown?.code === 'UNKNOWN_TOPIC') failure = undefined;
            if (thrown) throw thrown;
            return target.ends(topic);
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const table = await Table.open({ log, registry: opened.registry, logger }, topics.tags);
    failure = away();
    await table.refresh().catch(() => undefined);
    await until(async () => failure === undefined);
    expect(await table.find('nobody')).toBeUndefined();
    await table.close();
  });

  it('that can’t be read on tells, so that its service does not go on with what it was', async () => {
    const fatal: unknown[] = [];
    let failure: LogError | undefined;
    const log = withReader(opened.log, () => {
      if (failure) throw failure;
    });
    const onFatal = (error: unknown) => fatal.push(error);
    const table = await Table.open({ log, registry: opened.registry, logger, onFatal }, topics.tags);
    failure = new LogError('LOG_REFUSED', 'the right to read was taken away');
    await opened.log.append(topics.tags.name, [{ key: 'one', value: null }]);
    await until(async () => fatal.length > 0);
    expect(fatal).toEqual([failure]);
    await table.close();
  });

  it('leaves no row out because the registry is away: it comes before those after it', async () => {
    let isAway = true;
    const registry: SchemaRegistry = {
      idOf: (subject, schema) => opened.registry.idOf(subject, schema),
      schemaOf: async (id) => {
        if (isAway) throw registryAway();
        return opened.registry.schemaOf(id);
      },
    };
    const table = await Table.open({ log: opened.log, registry, logger }, topics.tags);
    const codec = await Codec.open(topics.tags, opened.registry);
    const ours = codec.encode('Tag', tag('other'));
    // Another version's: the same bytes under an id that the table has to ask for.
    const other = { ...schemas.Tag, doc: 'as another version has it' };
    const { id } = await opened.registry.register('another-subject', other);
    const theirs = Buffer.from(ours);
    theirs.writeUInt32BE(id, 1);
    const seen: string[] = [];
    table.onChange((key) => seen.push(key));
    await opened.log.append(topics.tags.name, [
      { key: 'other', value: theirs },
      { key: 'last', value: codec.encode('Tag', tag('last')) },
    ]);
    await expect(table.sync()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    // The log is there, so that others may have written since: what is here may be outdated.
    await expect(table.refresh()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(seen).toEqual([]);
    isAway = false;
    await table.sync();
    expect(seen).toEqual(['other', 'last']);
    expect(table.get('other')).toEqual(tag('other'));
    await table.close();
  });

  it('that can’t be read whole is not opened, and leaves nothing behind', async () => {
    await opened.log.append(topics.tags.name, [{ key: 'one', value: null }]);
    let reading = 0;
    const log = withReader(opened.log, () => {
      reading += 1;
      throw away();
    });
    const opening = Table.open({ log, registry: opened.registry, logger }, topics.tags);
    await expect(opening).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    const before = reading;
    await opened.log.append(topics.tags.name, [{ key: 'two', value: null }]);
    expect(reading).toBe(before);
  });
});

it.each([away(), registryAway()])('a caller is told to come again: $code', (error) => {
  expect(errorReply(error)).toMatchObject({
    status: 503,
    body: { code: 'UNAVAILABLE' },
    headers: { 'Retry-After': '1' },
  });
});

/** The log, whose ends can't be had at times. */
class FickleLog {
  isAway = false;
  /** Calls that nobody answers. */
  waiting = 0;
  readonly log: Log;
  private answer: Promise<void> | undefined;
  goesOn: () => void = () => {};

  constructor(log: Log) {
    this.log = new Proxy(log, {
      get: (target, name) => {
        if (name !== 'ends') return Reflect.get(target, name).bind(target);
        return async (topic: string) => {
          if (this.answer) {
            this.waiting += 1;
            await this.answer;
          }
          if (this.isAway) throw away();
          return target.ends(topic);
        };
      },
    });
  }

  standsStill(): void {
    this.answer = new Promise((resolve) => {
      this.goesOn = () => {
        this.isAway = false;
        this.answer = undefined;
        resolve();
      };
    });
  }
}

describe('an outage in the logs', () => {
  const lines: string[] = [];
  const logger = {
    warn: (...[, text]: unknown[]) => lines.push(String(text)),
    info: (text: string) => lines.push(text),
  };

  beforeEach(() => {
    lines.length = 0;
    jest.useFakeTimers({ doNotFake: ['setTimeout', 'setImmediate', 'nextTick', 'queueMicrotask'] });
  });
  afterEach(() => jest.useRealTimers());

  it('is told once when it begins and once when it ends, also by who hears nothing between two failures', () => {
    const outage = new Outage(logger as never, 'the reader');
    outage.isQuiet();
    for (let failures = 0; failures < 5; failures += 1) {
      outage.goesOn(away());
      jest.advanceTimersByTime(5_000);
      outage.isQuiet();
    }
    expect(lines).toEqual(['the reader waits']);
    jest.advanceTimersByTime(30_000);
    outage.isQuiet();
    outage.isQuiet();
    expect(lines).toEqual(['the reader waits', 'the reader goes on']);
    outage.goesOn(away());
    outage.isOver();
    expect(lines).toHaveLength(4);
  });
});

/** The log, but whoever reads meets `before` first; what comes while it throws is given later. */
function withReader(log: Log, before: () => void): Log {
  return new Proxy(log, {
    get: (target, name) => {
      if (name !== 'reader') return Reflect.get(target, name).bind(target);
      return async (...args: Parameters<Log['reader']>) => {
        const reader = await target.reader(...args);
        let held: RecordBatch | undefined;
        return {
          positions: () => reader.positions(),
          close: () => reader.close(),
          next: async (options: Parameters<typeof reader.next>[0]) => {
            held ??= await reader.next({ ...options, maxWaitMs: 20 });
            before();
            const batch = held;
            held = undefined;
            return batch;
          },
        };
      };
    },
  });
}
