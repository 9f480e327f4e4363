import { Agent, request } from 'undici';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Longer than any answer may take on a busy machine: what is slower counts as hanging. */
const DEADLINE_MS = 30_000;

const agent = new Agent({ connections: 64, keepAliveTimeout: 1_000 });

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';
  /** Null sends no Authorization header; absent sends the client's own token. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, in place of a JSON body. */
  readonly raw?: string | Buffer;
}

export class Answer {
  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string | string[] | undefined>>,
    readonly text: string,
  ) {}

  header(name: string): string | undefined {
    const value = this.headers[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The body as the caller expects it to be; what it really is, the caller's expectations prove. */
  json<T>(): T {
    return JSON.parse(this.text) as T;
  }
}

export interface ErrorBody {
  readonly message: string;
  readonly code: string;
  readonly field?: string;
  readonly errors?: readonly JsonObject[];
}

/** An HTTP client of one port. Every call has a deadline, so that a hanging service fails the test that met it. */
export class Client {
  constructor(
    readonly baseUrl: string,
    /** What its calls are signed with; null for nothing. */
    readonly bearer: string | null,
  ) {}

  withToken(token: string | null): Client {
    return new Client(this.baseUrl, token);
  }

  async post(path: string, body?: Json, call: Call = {}): Promise<Answer> {
    const token = call.token === undefined ? this.bearer : call.token;
    const payload = call.raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await request(`${this.baseUrl}${path}`, {
      dispatcher: agent,
      method: call.method ?? 'POST',
      headers: {
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...call.headers,
      },
      body: payload ?? null,
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    return new Answer(response.statusCode, response.headers, await response.body.text());
  }

  get(path: string, call: Call = {}): Promise<Answer> {
    return this.post(path, undefined, { ...call, method: 'GET' });
  }

  /** Posts, expects the status and gives the body; the failure shows what came instead. */
  async expect<T>(status: number, path: string, body?: Json, call?: Call): Promise<T> {
    const answer = await this.post(path, body, call);
    if (answer.status !== status) {
      throw new Error(`POST ${path}: expected ${status}, got ${answer.status} ${answer.text.slice(0, 500)}`);
    }
    return answer.text === '' ? (undefined as T) : answer.json<T>();
  }

  /** Posts, expects the status and an error body as the contract has it. */
  async refused(status: number, path: string, body?: Json, call?: Call): Promise<ErrorBody> {
    const answer = await this.post(path, body, call);
    if (answer.status !== status) {
      throw new Error(`POST ${path}: expected ${status}, got ${answer.status} ${answer.text.slice(0, 500)}`);
    }
    return errorBody(answer);
  }
}

/** Every 4xx and 5xx has a JSON object with a text under `message` and a stable `code`, and shows no stack. */
export function errorBody(answer: Answer): ErrorBody {
  expect(answer.header('content-type')).toMatch(/^application\/json/);
  const body = answer.json<ErrorBody>();
  expect(body).toMatchObject({ message: expect.any(String), code: expect.stringMatching(/^[A-Z][A-Z0-9_]*$/) });
  expect(body.message).not.toBe('');
  expect(answer.text).not.toMatch(/node_modules|\.js:\d+|\\n\s+at /);
  return body;
}
