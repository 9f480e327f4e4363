import { randomUUID } from 'node:crypto';
import { Codec, type RawWebhook, rawTopic } from '@parley/contracts';
import type { Call, ServiceContext } from '@parley/service-kit';
import { specsOfSource } from './topics';

export interface RawRequest {
  /** Decides the order: requests of one key are mapped one after the other. */
  readonly key: string | null;
  readonly accountId: number | null;
  readonly call: Pick<Call, 'url' | 'headers' | 'body'>;
  readonly context?: Readonly<Record<string, string>>;
}

interface RawLog {
  readonly topic: string;
  readonly codec: Codec<'RawWebhook'>;
}

/** Puts requests on their source's raw topic, which is made with the source's first one. */
export class RawWriter {
  private readonly logs = new Map<string, RawLog>();
  private readonly opening = new Map<string, Promise<RawLog>>();

  constructor(private readonly ctx: Pick<ServiceContext, 'log' | 'registry' | 'config'>) {}

  /** Makes ready for a source before its first request, which may come while the registry is away. */
  async prepare(source: string): Promise<void> {
    if (!this.logs.has(source)) await this.open(source);
  }

  /**
   * Resolves once the request is durable.
   * @returns when it was received, epoch milliseconds: the time of messages that tell none
   */
  async append(source: string, request: RawRequest): Promise<number> {
    const { topic, codec } = this.logs.get(source) ?? (await this.open(source));
    const receivedAt = Date.now();
    const { key, accountId, call, context = {} } = request;
    const raw: RawWebhook = {
      id: randomUUID(),
      source,
      accountId,
      receivedAt,
      contentType: call.headers['content-type'] ?? '',
      query: queryOf(call.url),
      body: call.body,
      context,
    };
    await this.ctx.log.append(topic, [{ key, value: codec.encode('RawWebhook', raw) }]);
    return receivedAt;
  }

  private open(source: string): Promise<RawLog> {
    const under = this.opening.get(source);
    if (under) return under;
    const opening = this.openLog(source).finally(() => this.opening.delete(source));
    this.opening.set(source, opening);
    return opening;
  }

  private async openLog(source: string): Promise<RawLog> {
    const topic = rawTopic(source);
    await this.ctx.log.ensureTopics(specsOfSource(source, this.ctx.config.partitions));
    const log = { topic: topic.name, codec: await Codec.open(topic, this.ctx.registry) };
    this.logs.set(source, log);
    return log;
  }
}

/** As it came: taken apart and put together again it might not be the same. */
function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start < 0 ? '' : url.slice(start + 1);
}
