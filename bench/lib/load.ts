/**
 * A load generator lean enough not to be what is measured: raw sockets, requests made once, answers counted by their
 * framing. Runs as a process of its own: `node load.js` with a LoadSpec as JSON on standard input.
 */
import { connect } from 'node:net';

export interface LoadSpec {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent in turn; `{{n}}` is replaced by a number never used before. */
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly durationMs: number;
  readonly warmupMs: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no 2xx. */
  readonly refused: number;
}

const HEADER_END = Buffer.from('\r\n\r\n');

class Connection {
  private received: Buffer = Buffer.alloc(0);
  private startedAt = 0;

  constructor(
    private readonly spec: LoadSpec,
    private readonly nextBody: () => string,
    private readonly onAnswer: (status: number, latencyMs: number) => boolean,
    private readonly onEnd: (error?: Error) => void,
  ) {
    const socket = connect({ port: spec.port, host: '127.0.0.1', noDelay: true }, () => this.send());
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.onEnd(error));
    this.socket = socket;
  }

  private readonly socket: ReturnType<typeof connect>;

  private send(): void {
    const body = this.nextBody();
    const head = Object.entries(this.spec.headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    this.startedAt = performance.now();
    this.socket.write(
      `POST ${this.spec.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  private receive(chunk: Buffer): void {
    this.received = this.received.length ? Buffer.concat([this.received, chunk]) : chunk;
    const end = this.received.indexOf(HEADER_END);
    if (end < 0) return;
    const head = this.received.toString('latin1', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const total = end + HEADER_END.length + length;
    if (this.received.length < total) return;
    this.received = this.received.subarray(total);
    if (this.onAnswer(Number(head.slice(9, 12)), performance.now() - this.startedAt)) this.send();
    else {
      this.socket.destroy();
      this.onEnd();
    }
  }
}

/** The value below which the share of the sorted values lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function run(spec: LoadSpec): Promise<LoadResult> {
  const begin = performance.now() + spec.warmupMs;
  const end = begin + spec.durationMs;
  const latencies: number[] = [];
  let refused = 0;
  let open = spec.connections;
  let turn = 0;
  const first = process.pid * 1e6;
  const nextBody = () => (spec.bodies[turn++ % spec.bodies.length] ?? '').replaceAll('{{n}}', String(first + turn));
  const onAnswer = (status: number, latencyMs: number) => {
    const now = performance.now();
    if (now >= begin && now < end) {
      latencies.push(latencyMs);
      if (status < 200 || status > 299) refused += 1;
    }
    return now < end;
  };
  return new Promise((resolve, reject) => {
    const onEnd = (error?: Error) => {
      if (error) return reject(error);
      open -= 1;
      if (open > 0) return;
      latencies.sort((a, b) => a - b);
      resolve({
        requests: latencies.length,
        perSecond: latencies.length / (spec.durationMs / 1000),
        p50Ms: percentile(latencies, 0.5),
        p99Ms: percentile(latencies, 0.99),
        refused,
      });
    };
    for (let i = 0; i < spec.connections; i++) new Connection(spec, nextBody, onAnswer, onEnd);
  });
}

async function main(): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  process.stdout.write(JSON.stringify(await run(JSON.parse(text) as LoadSpec)));
}

if (require.main === module) void main();
