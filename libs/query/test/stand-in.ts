import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Demands, queryPaths, type RefusalReason } from '../src';

type Body = Demands & { readonly partition?: number; readonly offset?: number };

export interface Asked {
  readonly path: string;
  readonly body: Body;
}

/**
 * Answers as the protocol says an aggregator does, from states that tests set: a count has one conversation for each
 * partition, and a conversation's unread count is the position of its partition.
 */
export class StandIn {
  readonly asked: Asked[] = [];
  /** Position by served partition. */
  readonly applied: Map<number, number>;
  inTouch = true;
  serving = true;
  /** How long each question takes, milliseconds. */
  takesMs = 0;
  /** How long it takes to tell what is served, milliseconds. */
  probesTakeMs = 0;
  /** Takes connections and answers nothing, as a stopped process does. */
  isStopped = false;
  private readonly held: (() => void)[] = [];
  private server: Server | undefined;
  private port = 0;

  constructor(partitions: readonly number[], position = 1) {
    this.applied = new Map(partitions.map((partition) => [partition, position]));
  }

  static async start(partitions: readonly number[], position?: number): Promise<StandIn> {
    const standIn = new StandIn(partitions, position);
    await standIn.listen();
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Questions of a kind that arrived. */
  count(name: keyof typeof queryPaths): number {
    return this.asked.filter(({ path }) => path === queryPaths[name]).length;
  }

  async listen(): Promise<void> {
    const server = createServer((req, res) => void this.handle(req, res));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  /** Nobody listens any more. */
  async die(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  stop(): void {
    this.isStopped = true;
  }

  /** What came meanwhile is answered now, from the states as they are. */
  resume(): void {
    this.isStopped = false;
    for (const answer of this.held.splice(0)) answer();
  }

  private async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of req) text += chunk;
    const asked = { path: req.url ?? '', body: JSON.parse(text) as Body };
    this.asked.push(asked);
    const takesMs = asked.path === queryPaths.positions ? this.probesTakeMs : this.takesMs;
    if (this.isStopped) await new Promise<void>((resolve) => this.held.push(resolve));
    else if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs));
    const { status, body } = this.answer(asked);
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  }

  private answer({ path, body }: Asked): { status: number; body: object } {
    const { applied, inTouch, serving } = this;
    if (path === queryPaths.positions) {
      const positions = [...applied].map(([partition, at]) => ({ partition, applied: at, end: at, inTouch }));
      return { status: 200, body: { positions, serving } };
    }
    if (path === queryPaths.await) {
      return { status: 200, body: { applied: (applied.get(body.partition ?? 0) ?? 0) > (body.offset ?? 0) } };
    }
    const demanded = body.partitions ?? [];
    const partitions = demanded.map(([partition]) => partition);
    if (!serving) return refused('starting', partitions);
    const strange = partitions.filter((partition) => !applied.has(partition));
    if (strange.length > 0) return refused('not-served', strange);
    if (body.inTouch && !inTouch) return refused('out-of-touch', partitions);
    const behind = demanded.flatMap(([partition, position]) =>
      (applied.get(partition) ?? 0) < position ? [partition] : [],
    );
    if (behind.length > 0) return refused('behind', behind);
    const positions = partitions.map((partition) => [partition, applied.get(partition) ?? 0]);
    const conversation = { unreadCount: positions[0]?.[1] };
    return { status: 200, body: { totals: [partitions.length], conversation, positions } };
  }
}

function refused(reason: RefusalReason, partitions: readonly number[]) {
  return { status: 503, body: { code: 'UNAVAILABLE', message: reason, reason, partitions } };
}
