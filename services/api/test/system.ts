import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channel, ids, topics } from '@parley/contracts';
import { EventWriter, loadConfig, type RunningService, startService, Table } from '@parley/service-kit';
import { startApi } from '../src/start';

export const SYSTEM_TOKEN = 'system-token-of-the-tests';

const AGGREGATOR = join(__dirname, '../../conversation-aggregator/dist/main.js');
const START_MS = 30_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`not in ${START_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, null where it is empty. Tests look into it as they like. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
  readonly json: any;
}

export interface CallOptions {
  /** null: none. Default: the system token. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One message of a contact, or none of theirs. */
export interface Said {
  readonly conversation: string;
  readonly text?: string;
  readonly sentAt?: number;
  readonly fromContact?: boolean;
}

/** The api in this process and an aggregator beside it, over one embedded log in a folder of its own. */
export class System {
  private readonly writers = new Map<RunningService, Promise<EventWriter>>();
  private sequence = 0;

  private constructor(
    private readonly dir: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly aggregator: ChildProcess,
    private api: RunningService,
  ) {}

  static async start(env: NodeJS.ProcessEnv = {}): Promise<System> {
    const dir = await mkdtemp(join(tmpdir(), 'parley-api-'));
    const settings = {
      DATA_DIR: dir,
      SYSTEM_TOKEN,
      JWT_SECRET: 'a secret of the tests, long enough to be one',
      LOG_LEVEL: 'silent',
      PARTITIONS: '3',
      AGGREGATOR_PORT: String(await freePort()),
      ...env,
    };
    const aggregator = spawn(process.execPath, [AGGREGATOR], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const system = new System(dir, settings, aggregator, await startService('api', loadConfig(settings), 0, startApi));
    await until('the api is ready', async () => (await fetch(`${system.url}/ready`)).status === 200);
    return system;
  }

  get url(): string {
    return `http://127.0.0.1:${this.api.port}`;
  }

  /** A further instance of the api over the same log. The caller stops it. */
  another(): Promise<RunningService> {
    return startService('api', loadConfig(this.env), 0, startApi);
  }

  async restartApi(): Promise<void> {
    await this.api.stop();
    this.api = await this.another();
  }

  async stop(): Promise<void> {
    await this.api.stop();
    const ended = once(this.aggregator, 'exit');
    this.aggregator.kill('SIGTERM');
    await ended;
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Posts JSON; a text goes as it is, undefined sends no body. */
  async call(path: string, body?: unknown, options: CallOptions & { readonly url?: string } = {}): Promise<Answer> {
    const token = options.token === undefined ? SYSTEM_TOKEN : options.token;
    const answer = await fetch(`${options.url ?? this.url}${path}`, {
      method: 'POST',
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...options.headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: text === '' ? null : JSON.parse(text) };
  }

  async channel(name = 'Shop'): Promise<string> {
    const answer = await this.call('/channels.twilio.sms.connect', { phone_number: `+49 30 ${name}`, name });
    return answer.json.id;
  }

  conversationId(channelId: string, contact: string): string {
    return ids.conversationOfContact(channelId, contact);
  }

  /** Puts messages on the log as the router does, and resolves when they can be read. */
  async say(channelId: string, said: readonly Said[]): Promise<void> {
    const events = said.map((one) => this.received(channelId, one));
    const positions = await (await this.writer()).append(events);
    for (const { partition, offset } of positions) {
      const headers = { 'parley-at-least': `${partition}/${offset}` };
      await this.call('/conversations.list', { page_size: 1 }, { headers });
    }
  }

  /** The row of a channel, as other services see it. */
  async channelRow(id: string): Promise<Channel | undefined> {
    const table = await Table.open(this.api.ctx, topics.channels);
    const row = table.get(id);
    await table.close();
    return row;
  }

  private writer(): Promise<EventWriter> {
    const known = this.writers.get(this.api) ?? EventWriter.open(this.api.ctx.log, this.api.ctx.registry);
    this.writers.set(this.api, known);
    return known;
  }

  private received(channelId: string, { conversation, text = 'Hello', sentAt, fromContact = true }: Said) {
    const at = sentAt ?? 1_700_000_000_000 + this.sequence * 1_000;
    const sourceMessageId = `SM${this.sequence++}`;
    const messageId = ids.messageOfChannel(channelId, sourceMessageId);
    return {
      type: 'MessageReceived',
      value: {
        eventId: ids.event(messageId, 'MessageReceived'),
        accountId: 1,
        conversationId: this.conversationId(channelId, conversation),
        occurredAt: at,
        actorKind: 'contact',
        actorId: null,
        cause: null,
        messageId,
        channelId,
        source: 'twilio.sms',
        sourceMessageId,
        sourceConversationId: null,
        sourceContactId: conversation,
        fromContact,
        senderId: fromContact ? conversation : '+4930',
        content: JSON.stringify({ text }),
        text,
        supported: true,
        sentAt: at,
        headers: {},
      },
    } as const;
  }
}
