import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isRegistryError } from '@parley/contracts';
import { isLogError } from '@parley/log';
import express from 'express';
import type { Logger } from 'pino';
import type { Principal } from '../auth/principal';
import { Outage } from '../availability';
import { AppError } from '../errors';
import { Call, type Reply, type Route } from './route';

const BODY_BYTES_MAX = 5 * 1024 * 1024;
const ANONYMOUS: Principal = { kind: 'anonymous' };

/** Reads the body, or refuses it as soon as it is known to be too large; the rest is drained so that the caller can read the answer. */
function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new AppError('PAYLOAD_TOO_LARGE', { message: `the body is larger than ${maxBytes} bytes`, field: 'body' });
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) {
    req.resume();
    return Promise.reject(tooLarge());
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        chunks.length = 0;
        reject(tooLarge());
      } else {
        chunks.push(chunk);
      }
    });
    req.on('end', () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first ? first : Buffer.concat(chunks));
    });
    req.on('error', reject);
    req.on('close', () => {
      if (!req.complete) reject(new AppError('INVALID_REQUEST', { message: 'the body ended early', field: 'body' }));
    });
  });
}

function send(res: ServerResponse, reply: Reply): void {
  if (res.writableEnded || res.headersSent) return;
  const payload = reply.text ?? (reply.body === undefined ? undefined : JSON.stringify(reply.body));
  if (payload === undefined) {
    res.writeHead(reply.status, reply.status === 204 ? reply.headers : { 'Content-Length': '0', ...reply.headers });
    res.end();
    return;
  }
  const type =
    reply.text === undefined ? 'application/json; charset=utf-8' : (reply.contentType ?? 'text/plain; charset=utf-8');
  res.writeHead(reply.status, {
    'Content-Type': type,
    'Content-Length': typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length,
    'X-Content-Type-Options': 'nosniff',
    ...reply.headers,
  });
  res.end(payload);
}

function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isLogError(error, 'RECORD_TOO_LARGE')) {
    return new AppError('PAYLOAD_TOO_LARGE', { message: 'what this would be kept as is too large for the log' });
  }
  if (isLogError(error) && error.retryable) {
    return new AppError('UNAVAILABLE', { message: 'the log does not answer; try again', retryAfterS: 1 });
  }
  if (isRegistryError(error) && error.retryable) {
    return new AppError('UNAVAILABLE', { message: 'the schema registry does not answer; try again', retryAfterS: 1 });
  }
  return new AppError('INTERNAL', { message: 'internal error' });
}

/** What a caller is told of any error; a fault of ours tells no detail. */
export function errorReply(error: unknown): Reply {
  const known = asAppError(error);
  const headers: Record<string, string> = {};
  if (known.retryAfterS !== undefined) headers['Retry-After'] = String(known.retryAfterS);
  if (known.status === 401) headers['WWW-Authenticate'] = 'Bearer';
  return { status: known.status, body: known.body(), headers };
}

export interface AppOptions {
  /** Looked up anew on every request, so that routes can appear once the service has started. */
  readonly routes: () => readonly Route[];
  readonly logger: Logger;
  /** While true, a path that is not there yet is 503 and not 404: a provider repeats the one and forgets the other. */
  readonly starting?: () => boolean;
}

/**
 * The HTTP face of a service. Paths of the table are exact: they are looked up in a map and answered on node:http's own
 * objects, because express's layers cost several times what a webhook's handler does (see docs/benchmarks.md). Whatever
 * is no path of the table is express's.
 */
export function createApp({ routes, logger, starting = () => false }: AppOptions): RequestListener {
  let from: readonly Route[] | undefined;
  let table = new Map<string, Route>();
  const tableNow = () => {
    const now = routes();
    if (now !== from) {
      from = now;
      table = new Map(now.map((route) => [`${route.method} ${route.path}`, route]));
    }
    return table;
  };

  // What is away is away for all requests: it is said once.
  const refusals = new Outage(logger, 'requests', {
    begin: 'requests are refused for now',
    end: 'requests are not refused any more',
  });

  const fail = (req: IncomingMessage, error: unknown): Reply => {
    const reply = errorReply(error);
    if (reply.status === 503) {
      const { message } = error as Error;
      refusals.goesOn({ code: 'UNAVAILABLE', message });
      logger.debug({ reason: message, path: pathOf(req) }, 'request refused for now');
    } else if (reply.status >= 500) logger.error({ err: error, path: pathOf(req) }, 'request failed');
    // What was refused unread is drained, so that the connection can be used again.
    req.resume();
    return reply;
  };

  const answer = async (route: Route, req: IncomingMessage): Promise<Reply> => {
    try {
      const principal = route.auth ? await route.auth(req.headers) : ANONYMOUS;
      const body = await readBody(req, route.maxBytes ?? BODY_BYTES_MAX);
      const encrypted = (req.socket as TLSSocket).encrypted === true;
      const call = new Call(req.method ?? '', req.url ?? '/', req.headers, body, principal, encrypted);
      const reply = await route.handle(call);
      refusals.isQuiet();
      return reply;
    } catch (error) {
      return fail(req, error);
    }
  };

  const others = express();
  others.disable('x-powered-by');
  others.use((req, res) => {
    const path = pathOf(req);
    const known = tableNow().has(`POST ${path}`) || tableNow().has(`GET ${path}`);
    const error = known
      ? new AppError('METHOD_NOT_ALLOWED', { message: `${req.method} is not what ${path} takes` })
      : starting()
        ? new AppError('UNAVAILABLE', { message: 'the service is starting', retryAfterS: 1 })
        : new AppError('NOT_FOUND', { message: `there is no ${path}` });
    send(res, fail(req, error));
  });

  return (req, res) => {
    const route = tableNow().get(`${req.method} ${pathOf(req)}`);
    if (!route) {
      others(req, res);
      return;
    }
    answer(route, req)
      .then((reply) => send(res, reply))
      .catch((error: unknown) => {
        logger.error({ err: error, path: route.path }, 'answer could not be sent');
        res.destroy();
      });
  };
}

function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/';
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
