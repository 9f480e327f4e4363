import { randomUUID } from 'node:crypto';
import { ids } from '@parley/contracts';
import type { QueryClient } from '@parley/query';
import {
  type Authenticator,
  accountsOf,
  type Call,
  callerName,
  homeAccount,
  type Principal,
  type Reply,
  type Route,
} from '@parley/service-kit';
import type { Caller } from '../domain/command';
import { canonicalJson } from './canonical';
import type { Answer, Endpoint } from './endpoint';
import { checkKey, IDEMPOTENCY_HEADER, type Idempotency } from './idempotency';
import { awaitAtLeast, POSITION_HEADER, positionText } from './positions';
import { validator } from './validate';

const JSON_TYPE = 'application/json; charset=utf-8';

export interface RouteContext {
  readonly auth: Readonly<Record<Endpoint['access'], Authenticator>>;
  readonly query: QueryClient;
  readonly partitions: number;
  readonly idempotency: Idempotency;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

function callerOf(principal: Principal): Caller {
  const source = principal.kind === 'source' ? principal.source : null;
  return {
    accountId: homeAccount(principal),
    accounts: accountsOf(principal),
    name: callerName(principal),
    actorKind: source === null ? 'api' : 'source',
    actorId: source,
    source,
  };
}

function replyOf({ status, body, text, position }: Answer): Reply {
  const headers = position && { [POSITION_HEADER]: positionText(position) };
  if (text !== undefined) return { status, text, contentType: JSON_TYPE, ...(headers && { headers }) };
  return { status, body, ...(headers && { headers }) };
}

/** Executes a write once for each Idempotency-Key, or as often as it is asked without one. */
function command(endpoint: Extract<Endpoint, { effect: 'write' }>, ctx: RouteContext) {
  const name = endpoint.path.slice(1);
  return async (call: Call, request: Record<string, unknown>): Promise<Answer> => {
    const caller = callerOf(call.principal);
    const key = call.header(IDEMPOTENCY_HEADER.toLowerCase());
    const act = (nonce: string) => endpoint.handle(request, { caller, name, nonce, atMs: ctx.now() });
    if (key === undefined) return act(randomUUID());
    const id = ids.idempotency(caller.accountId, caller.name, endpoint.path, checkKey(key));
    return ctx.idempotency.run({ id, request: canonicalJson([endpoint.path, request]) }, () => act(id));
  };
}

function handler(endpoint: Endpoint, ctx: RouteContext): (call: Call) => Promise<Reply> {
  const validate = validator(endpoint.request);
  const run =
    endpoint.effect === 'write'
      ? command(endpoint, ctx)
      : (call: Call, request: Record<string, unknown>) => endpoint.handle(request, callerOf(call.principal));
  return async (call) => {
    const request = validate(call.json());
    await awaitAtLeast(call, ctx.query, ctx.partitions);
    return replyOf(await run(call, request));
  };
}

/** Routes of the endpoints, in all their spellings. */
export function routesOf(endpoints: readonly Endpoint[], ctx: RouteContext): readonly Route[] {
  return endpoints.flatMap((endpoint) => {
    const handle = handler(endpoint, ctx);
    const auth = ctx.auth[endpoint.access];
    return [endpoint.path, ...(endpoint.aliases ?? [])].map((path): Route => ({ method: 'POST', path, auth, handle }));
  });
}
