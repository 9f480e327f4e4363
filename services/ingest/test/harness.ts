import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Channel,
  Codec,
  type ConversationEvent,
  consumerGroups,
  type DeadLetter,
  deadLetterTopic,
  ids,
  rawTopic,
  type Source,
  topics,
} from '@parley/contracts';
import type { LogRecord } from '@parley/log';
import { type Config, createLogger, loadConfig, openLog, sourceKey, Table } from '@parley/service-kit';
import { RawWriter } from '../src/raw-writer';
import { Router, type RouterContext } from '../src/router/router';
import { topicsOfIngest } from '../src/topics';

/** A data directory of its own with a real log in it, and a router that can be stopped and started. */
export class Harness {
  private router: Router | undefined;
  readonly raw: RawWriter;

  private constructor(
    readonly ctx: RouterContext,
    readonly channels: Table<'Channel'>,
    readonly sources: Table<'Source'>,
  ) {
    this.raw = new RawWriter(ctx);
  }

  static config(env: NodeJS.ProcessEnv = {}): Config {
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-ingest-'));
    return loadConfig({ DATA_DIR: dataDir, PARTITIONS: '2', LOG_LEVEL: 'silent', ...env });
  }

  static async open(config = Harness.config()): Promise<Harness> {
    const logger = createLogger('test', config.logLevel);
    const { log, registry } = await openLog(config, logger);
    await log.ensureTopics(topicsOfIngest(config.partitions));
    const ctx = { config, logger, log, registry };
    return new Harness(ctx, await Table.open(ctx, topics.channels), await Table.open(ctx, topics.sources));
  }

  async start(ctx: RouterContext = this.ctx): Promise<void> {
    this.router = await Router.open(ctx);
  }

  async stop(): Promise<void> {
    await this.router?.close();
    this.router = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.all([this.channels.close(), this.sources.close()]);
    await this.ctx.log.close();
    rmSync(this.ctx.config.dataDir, { recursive: true, force: true });
  }

  async channel(source: string, sourceChannelId: string, connected = true): Promise<Channel> {
    const now = Date.now();
    const id = ids.channel(1, source, sourceChannelId);
    const base = { id, accountId: 1, source, sourceChannelId, metadata: {}, token: null };
    const channel = { ...base, connected, createdAt: this.channels.get(id)?.createdAt ?? now, updatedAt: now };
    await this.channels.put(id, channel);
    return channel;
  }

  async source(id: string, accountId = 1): Promise<Source> {
    const base = { name: null, imageUrl: null, actionEndpoint: null };
    const source = { id, accountId, tokenId: randomUUID(), createdAt: Date.now(), ...base };
    await this.sources.put(sourceKey(accountId, id), source);
    return source;
  }

  /** A request as the endpoints put it on the log. */
  receive(
    source: string,
    body: object | string,
    more: { key?: string; accountId?: number; context?: Record<string, string> } = {},
  ) {
    return this.raw.append(source, {
      key: more.key ?? source,
      accountId: more.accountId ?? null,
      call: { url: '/', headers: {}, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) },
      context: more.context ?? {},
    });
  }

  /** Resolves when the router has committed everything on the raw topics of these sources. */
  async routed(...sources: readonly string[]): Promise<void> {
    for (const source of sources) {
      const topic = rawTopic(source).name;
      await until(async () => {
        const ends = await this.ctx.log.ends(topic);
        const committed = await this.ctx.log.committed(consumerGroups.router.name, topic);
        return [...ends].every(([partition, end]) => (committed.get(partition) ?? 0) >= end);
      });
    }
  }

  /** All events, those of one conversation in their order. */
  async events(): Promise<readonly ConversationEvent[]> {
    const codec = await Codec.open(topics.conversationEvents, this.ctx.registry);
    const records = await this.records(topics.conversationEvents.name);
    return Promise.all(records.map((record) => codec.decode(record.value ?? Buffer.alloc(0))));
  }

  async deadLetters(source: string): Promise<readonly DeadLetter[]> {
    const topic = deadLetterTopic(rawTopic(source).name);
    const codec = await Codec.open(topic, this.ctx.registry);
    const records = await this.records(topic.name);
    return Promise.all(records.map(async (record) => (await codec.decode(record.value ?? Buffer.alloc(0))).value));
  }

  private async records(topic: string): Promise<readonly LogRecord[]> {
    const ends = await this.ctx.log.ends(topic);
    const reader = await this.ctx.log.reader(topic, 'earliest');
    const records: LogRecord[] = [];
    const behind = () => [...ends].some(([partition, end]) => (reader.positions().get(partition) ?? 0) < end);
    while (behind()) records.push(...((await reader.next({ maxWaitMs: 100 }))?.records ?? []));
    await reader.close();
    return records;
  }
}

/** Less than a test's own time-out, which would leave the waiting behind. */
const UNTIL_MS = 45_000;

/** Waits for a condition. @throws naming it, where it does not come */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + UNTIL_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`still not so after ${UNTIL_MS} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
