import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '../auth/principal';
import { AppError } from '../errors';

/** @throws AppError UNAUTHENTICATED without a good credential, FORBIDDEN for one of the wrong kind */
export type Authenticator = (headers: IncomingHttpHeaders) => Principal | Promise<Principal>;

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Matched exactly, without the query string. */
  readonly path: string;
  /** Runs before the body is looked at; null where the handler verifies by itself, or nothing is to be protected. */
  readonly auth: Authenticator | null;
  /** Larger bodies get 413; default 5 MB. */
  readonly maxBytes?: number;
  readonly handle: (call: Call) => Reply | Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  /** Sent as JSON; absent for an empty body. */
  readonly body?: unknown;
  /** Sent as it is; `contentType` tells what it is (default text/plain). */
  readonly text?: string | Buffer;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type JsonObject = { readonly [key: string]: unknown };

/** One request with its body read. */
export class Call {
  constructor(
    readonly method: string,
    /** Path and query as requested. */
    readonly url: string,
    readonly headers: IncomingHttpHeaders,
    readonly body: Buffer,
    readonly principal: Principal,
    /** Whether the connection to the caller is TLS. */
    readonly encrypted: boolean,
  ) {}

  get path(): string {
    const end = this.url.indexOf('?');
    return end < 0 ? this.url : this.url.slice(0, end);
  }

  get query(): URLSearchParams {
    const start = this.url.indexOf('?');
    return new URLSearchParams(start < 0 ? '' : this.url.slice(start + 1));
  }

  /** A header's text, undefined if absent. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The body as any JSON value; undefined if it is empty. @throws AppError INVALID_REQUEST */
  jsonValue(): unknown {
    if (this.body.length === 0) return undefined;
    try {
      return JSON.parse(this.body.toString('utf8'));
    } catch (cause) {
      throw new AppError('INVALID_REQUEST', { message: 'the body is no JSON', field: 'body', cause });
    }
  }

  /** The body as a JSON object; `{}` if it is empty. @throws AppError INVALID_REQUEST */
  json(): JsonObject {
    const value = this.jsonValue() ?? (this.body.length === 0 ? {} : null);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new AppError('INVALID_REQUEST', { message: 'the body is no JSON object', field: 'body' });
    }
    return value as JsonObject;
  }
}
