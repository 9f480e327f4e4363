import type { IncomingHttpHeaders } from 'node:http';
import type { Source } from '@parley/contracts';
import { AppError } from '../errors';
import type { Authenticator } from '../http/route';
import type { Principal } from './principal';
import { sameSecret, verifyChatToken, verifySourceToken } from './tokens';

type Kind = Exclude<Principal['kind'], 'anonymous'>;

interface Secrets {
  readonly systemToken: string;
  readonly jwtSecret: string;
}

/** The part of the table of sources that tells whether a token is still good. */
export interface KnownSources {
  /** As Table.find. */
  find(key: string, suits: (source: Source) => boolean): Promise<Source | undefined>;
}

const BEARER = /^bearer\s+/i;

/** The token of the Authorization header, with or without `Bearer`; undefined if there is none. */
export function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  const token = headers.authorization?.replace(BEARER, '').trim();
  return token ? token : undefined;
}

/** Key of a source in its topic. */
export function sourceKey(accountId: number, source: string): string {
  return `${accountId}/${source}`;
}

async function identify(token: string, secrets: Secrets, sources: KnownSources): Promise<Principal | undefined> {
  if (sameSecret(token, secrets.systemToken)) return { kind: 'system' };
  const source = verifySourceToken(secrets.jwtSecret, token);
  if (source) {
    // Always up to the log's end: a token is dead as soon as the call that deleted its source was answered. While the
    // log is away no such call is answered, and a token that is not known then is not called bad.
    const isIts = ({ tokenId }: Source) => tokenId === source.tokenId;
    const known = await sources.find(sourceKey(source.accountId, source.source), isIts);
    if (!known || !isIts(known)) return undefined;
    return { kind: 'source', accountId: source.accountId, source: source.source, token };
  }
  const visitor = verifyChatToken(secrets.jwtSecret, token);
  return visitor ? { kind: 'visitor', ...visitor } : undefined;
}

/**
 * Takes a good token of one of the kinds. Nothing or nonsense is 401; a good token of another kind is 403.
 */
export function authenticator(secrets: Secrets, sources: KnownSources, kinds: readonly Kind[]): Authenticator {
  return async (headers) => {
    const token = bearerOf(headers);
    if (!token) throw new AppError('UNAUTHENTICATED', { message: 'the Authorization header has no token' });
    const principal = await identify(token, secrets, sources);
    if (!principal) throw new AppError('UNAUTHENTICATED', { message: 'the token is not good' });
    if (!kinds.some((kind) => kind === principal.kind)) {
      throw new AppError('FORBIDDEN', { message: `a token of kind ${principal.kind} does not open this endpoint` });
    }
    return principal;
  };
}

/** Takes SYSTEM_TOKEN alone: for what services ask of each other. */
export function systemAuthenticator(secrets: Secrets): Authenticator {
  return (headers) => {
    const token = bearerOf(headers);
    if (!token || !sameSecret(token, secrets.systemToken)) {
      throw new AppError('UNAUTHENTICATED', { message: 'the token is not good' });
    }
    return { kind: 'system' };
  };
}
