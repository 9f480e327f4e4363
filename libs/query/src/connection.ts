import { AppError, type ErrorCode, errorStatus } from '@parley/service-kit';
import { type Dispatcher, Pool } from 'undici';
import { type QueryAnswers, type QueryName, type QueryRequests, queryPaths } from './protocol';

const CONNECTIONS = 64;
const CONNECT_MS = 2_000;
/** Beyond the longest wait that is asked of `await`. */
const ANSWER_MS = 40_000;

/** The aggregator gave no usable answer: another one, or the same one later, may. */
export class NoAnswer extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NoAnswer';
  }
}

/** One aggregator. */
export class Connection {
  private readonly pool: Pool;
  /** Long polls have connections of their own, so that they can't hold up the queries. */
  private readonly waiting: Pool;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly url: string,
    token: string,
  ) {
    const options: Pool.Options = {
      pipelining: 1,
      connect: { timeout: CONNECT_MS },
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    };
    this.pool = new Pool(url, { ...options, connections: CONNECTIONS });
    this.waiting = new Pool(url, options);
    this.headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  }

  /** @throws NoAnswer, AppError of what the aggregator refuses */
  async ask<N extends QueryName>(name: N, request: QueryRequests[N]): Promise<QueryAnswers[N]> {
    const pool = name === 'await' ? this.waiting : this.pool;
    let status: number;
    let text: string;
    try {
      const response: Dispatcher.ResponseData = await pool.request({
        method: 'POST',
        path: queryPaths[name],
        headers: this.headers,
        body: JSON.stringify(request),
      });
      status = response.statusCode;
      text = await response.body.text();
    } catch (cause) {
      throw new NoAnswer(`${this.url}: ${(cause as Error).message}`, { cause });
    }
    // The protocol says what a path answers; both ends are built from it.
    if (status === 200) return JSON.parse(text) as QueryAnswers[N];
    throw refusal(this.url, status, text);
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.destroy(), this.waiting.destroy()]);
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorStatus, code);
}

/** While an aggregator starts, its paths are not there yet (404), or it is catching up (503). */
function refusal(url: string, status: number, text: string): Error {
  if (status === 404 || status >= 500) return new NoAnswer(`${url} answered ${status}`);
  const { code, message, field } = bodyOf(text);
  if (!isErrorCode(code)) return new NoAnswer(`${url} answered ${status} without a code`);
  return new AppError(code, {
    message: typeof message === 'string' ? message : code,
    ...(typeof field === 'string' && { field }),
  });
}

function bodyOf(text: string): { readonly code?: unknown; readonly message?: unknown; readonly field?: unknown } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}
