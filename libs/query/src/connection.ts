import { AppError, type ErrorCode, errorStatus } from '@parley/service-kit';
import { type Dispatcher, Pool } from 'undici';
import { type QueryAnswers, type QueryName, type QueryRequests, queryPaths, type Refusal } from './protocol';

const CONNECTIONS = 64;
const CONNECT_MS = 2_000;
/** Slower than any question but for the hash over all states. */
const ANSWER_MS = 10_000;
const HASH_MS = 600_000;

export interface NoAnswerDetails {
  /** Those that it is not known for; absent: all that were asked about. */
  readonly partitions?: readonly number[];
  /** What the aggregator said; absent where it said nothing. */
  readonly refusal?: Refusal;
  readonly cause?: unknown;
}

/** The aggregator gave no usable answer: another one, or the same one later, may. */
export class NoAnswer extends Error {
  readonly partitions: readonly number[] | undefined;
  readonly refusal: Refusal | undefined;

  constructor(message: string, { partitions, refusal, cause }: NoAnswerDetails = {}) {
    super(message, { cause });
    this.name = 'NoAnswer';
    this.partitions = partitions;
    this.refusal = refusal;
  }

  /** Neither of two that were asked the same: what neither answered for is to blame. */
  static both(first: NoAnswer, second: NoAnswer): NoAnswer {
    const blamed = second.partitions?.filter((partition) => first.partitions?.includes(partition) ?? true);
    const partitions = blamed?.length ? blamed : second.partitions;
    return new NoAnswer(`${first.message}; ${second.message}`, { ...(partitions && { partitions }), cause: second });
  }
}

export interface ConnectionLimits {
  /** Questions that are asked side by side; the others wait for their turn. */
  readonly connections?: number;
  /** Until a question is answered, its turn included, milliseconds. */
  readonly answerMs?: number;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** Until the answer is there, milliseconds; absent: as long as a question of its kind may take. */
  readonly timeoutMs?: number;
}

/** One aggregator. */
export class Connection {
  private readonly pool: Pool;
  /** Long polls have connections of their own, so that they can't hold up the queries; and so have probes, which they can't hold up. */
  private readonly waiting: Pool;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly answerMs: number;

  constructor(
    readonly url: string,
    token: string,
    { connections = CONNECTIONS, answerMs = ANSWER_MS }: ConnectionLimits = {},
  ) {
    this.answerMs = answerMs;
    const options: Pool.Options = { pipelining: 1, connect: { timeout: CONNECT_MS }, ...within(answerMs) };
    this.pool = new Pool(url, { ...options, connections });
    this.waiting = new Pool(url, options);
    this.headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  }

  /** @throws NoAnswer, AppError of what the aggregator refuses */
  async ask<N extends QueryName>(
    name: N,
    request: QueryRequests[N],
    options: AskOptions = {},
  ): Promise<QueryAnswers[N]> {
    const { signal, timeoutMs = name === 'stateHash' ? HASH_MS : this.answerMs } = options;
    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    // The limits of the pool begin with a question's turn: many that wait for a stopped aggregator would take turns.
    const timer = setTimeout(() => controller.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    signal?.addEventListener('abort', abort);
    try {
      return await this.post(name, request, controller.signal);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.destroy(), this.waiting.destroy()]);
  }

  private async post<N extends QueryName>(
    name: N,
    request: QueryRequests[N],
    signal: AbortSignal,
  ): Promise<QueryAnswers[N]> {
    const pool = name === 'await' || name === 'positions' ? this.waiting : this.pool;
    let status: number;
    let text: string;
    try {
      const response: Dispatcher.ResponseData = await pool.request({
        method: 'POST',
        path: queryPaths[name],
        headers: this.headers,
        body: JSON.stringify(request),
        signal,
        ...(name === 'stateHash' && within(HASH_MS)),
        // Whoever asks sets its own limit.
        ...(name === 'await' && within(0)),
      });
      status = response.statusCode;
      text = await response.body.text();
    } catch (cause) {
      throw new NoAnswer(`${this.url}: ${(cause as Error).message}`, { cause });
    }
    // The protocol says what a path answers; both ends are built from it.
    if (status === 200) return JSON.parse(text) as QueryAnswers[N];
    throw failureOf(this.url, status, text);
  }
}

/** 0: without a limit. */
function within(ms: number) {
  return { headersTimeout: ms, bodyTimeout: ms };
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorStatus, code);
}

/** While an aggregator starts, its paths are not there yet (404). */
function failureOf(url: string, status: number, text: string): Error {
  const body = bodyOf(text);
  if (status === 404 || status >= 500) {
    const refusal = refusalOf(body);
    const why = refusal ? `: ${refusal.message}` : '';
    return new NoAnswer(`${url} answered ${status}${why}`, refusal && { refusal, partitions: refusal.partitions });
  }
  const { code, message, field } = body;
  if (!isErrorCode(code)) return new NoAnswer(`${url} answered ${status} without a code`);
  return new AppError(code, {
    message: typeof message === 'string' ? message : code,
    ...(typeof field === 'string' && { field }),
  });
}

function refusalOf(body: Readonly<Record<string, unknown>>): Refusal | undefined {
  return typeof body.reason === 'string' && Array.isArray(body.partitions) ? (body as unknown as Refusal) : undefined;
}

function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}
