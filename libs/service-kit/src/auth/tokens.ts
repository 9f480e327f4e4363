import { createHash, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Source } from '@parley/contracts';
import jwt from 'jsonwebtoken';

const ISSUER = 'parley';
const HOUR_S = 60 * 60;
const CHAT_TOKEN_S = HOUR_S;
const RESUME_TOKEN_S = 7 * 24 * HOUR_S;

/** What a token is good for; one kind is never taken in the place of another. */
type Audience = 'source' | 'chat' | 'chat-resume';

export interface SourceClaims {
  readonly accountId: number;
  readonly source: string;
  readonly tokenId: string;
}

export interface ChatClaims {
  readonly accountId: number;
  readonly conversationId: string;
  readonly channelId: string;
}

const keys = new Map<string, KeyObject>();

/** A text as key is tried as a public key first on every call, which costs forty times the check itself. */
function keyOf(secret: string): KeyObject {
  const known = keys.get(secret);
  if (known) return known;
  const key = createSecretKey(Buffer.from(secret));
  keys.set(secret, key);
  return key;
}

/** HS256 is pinned on both sides (RFC 8725, 3.1); anything else, `none` too, is no token. */
function verify(secret: string, audience: Audience, token: string): jwt.JwtPayload | undefined {
  try {
    const payload = jwt.verify(token, keyOf(secret), { algorithms: ['HS256'], issuer: ISSUER, audience });
    return typeof payload === 'string' ? undefined : payload;
  } catch {
    return undefined;
  }
}

/** The token of a custom source: the same text each time, because the source's record says all that is in it. It does not expire; deleting the source ends it. */
export function signSourceToken(secret: string, source: Source): string {
  return jwt.sign(
    { iat: Math.floor(source.createdAt / 1000), account: source.accountId, jti: source.tokenId },
    keyOf(secret),
    { algorithm: 'HS256', issuer: ISSUER, audience: 'source' satisfies Audience, subject: source.id },
  );
}

const VERIFIED_MAX = 1_000;
/** Source tokens that were good, by key and token: they do not expire, and a source sends the same one thousands of times a second. */
const verified = new Map<string, SourceClaims>();

/** Undefined for anything that is no source token of ours. The source must still be looked up: it may be gone. */
export function verifySourceToken(secret: string, token: string): SourceClaims | undefined {
  const name = `${secret}\n${token}`;
  const known = verified.get(name);
  if (known) return known;
  const claims = readSourceToken(secret, token);
  if (claims) {
    if (verified.size >= VERIFIED_MAX) verified.clear();
    verified.set(name, claims);
  }
  return claims;
}

function readSourceToken(secret: string, token: string): SourceClaims | undefined {
  const payload = verify(secret, 'source', token);
  if (typeof payload?.sub !== 'string' || typeof payload.jti !== 'string' || typeof payload.account !== 'number') {
    return undefined;
  }
  return { accountId: payload.account, source: payload.sub, tokenId: payload.jti };
}

function signChat(secret: string, audience: Audience, expiresIn: number, claims: ChatClaims): string {
  return jwt.sign({ account: claims.accountId, channel_id: claims.channelId }, keyOf(secret), {
    algorithm: 'HS256',
    issuer: ISSUER,
    audience,
    expiresIn,
    subject: claims.conversationId,
  });
}

function verifyChat(secret: string, audience: Audience, token: string): ChatClaims | undefined {
  const payload = verify(secret, audience, token);
  if (
    typeof payload?.sub !== 'string' ||
    typeof payload.channel_id !== 'string' ||
    typeof payload.account !== 'number'
  ) {
    return undefined;
  }
  return { accountId: payload.account, conversationId: payload.sub, channelId: payload.channel_id };
}

/** Good for an hour, for one conversation. */
export const signChatToken = (secret: string, claims: ChatClaims): string =>
  signChat(secret, 'chat', CHAT_TOKEN_S, claims);
export const verifyChatToken = (secret: string, token: string): ChatClaims | undefined =>
  verifyChat(secret, 'chat', token);

/** Good for seven days; buys a chat token and the history, nothing else. */
export const signResumeToken = (secret: string, claims: ChatClaims): string =>
  signChat(secret, 'chat-resume', RESUME_TOKEN_S, claims);
export const verifyResumeToken = (secret: string, token: string): ChatClaims | undefined =>
  verifyChat(secret, 'chat-resume', token);

const digests = new Map<string, Buffer>();
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares secrets of any length in constant time; `expected` is one of ours, whose digest is kept. */
export function sameSecret(given: string, expected: string): boolean {
  let digest = digests.get(expected);
  if (!digest) {
    digest = digestOf(expected);
    digests.set(expected, digest);
  }
  return timingSafeEqual(digestOf(given), digest);
}
