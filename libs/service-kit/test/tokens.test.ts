import type { Source } from '@parley/contracts';
import jwt from 'jsonwebtoken';
import {
  AppError,
  authenticator,
  signChatToken,
  signResumeToken,
  signSourceToken,
  verifyChatToken,
  verifyResumeToken,
  verifySourceToken,
} from '../src';

const secrets = { systemToken: 'the-system-token', jwtSecret: 'the-jwt-secret' };
const source: Source = {
  id: 'shop',
  accountId: 1,
  tokenId: 't-1',
  name: null,
  imageUrl: null,
  actionEndpoint: null,
  createdAt: 1_714_550_400_000,
};
const visitor = { accountId: 1, conversationId: 'c-1', channelId: 'ch-1' };

const known = (rows: Record<string, Source>) => ({ find: async (key: string) => rows[key] });

async function outcome(
  token: string | undefined,
  kinds: Parameters<typeof authenticator>[2],
  rows = { '1/shop': source },
) {
  try {
    const headers = token === undefined ? {} : { authorization: token };
    return (await authenticator(secrets, known(rows), kinds)(headers)).kind;
  } catch (error) {
    return error instanceof AppError ? error.status : error;
  }
}

describe('tokens', () => {
  it('a source has the same token each time it is asked for', () => {
    expect(signSourceToken(secrets.jwtSecret, source)).toBe(signSourceToken(secrets.jwtSecret, source));
    expect(verifySourceToken(secrets.jwtSecret, signSourceToken(secrets.jwtSecret, source))).toEqual({
      accountId: 1,
      source: 'shop',
      tokenId: 't-1',
    });
  });

  it('one kind is never taken in the place of another', () => {
    const chat = signChatToken(secrets.jwtSecret, visitor);
    const resume = signResumeToken(secrets.jwtSecret, visitor);
    expect(verifyChatToken(secrets.jwtSecret, chat)).toEqual(visitor);
    expect(verifyResumeToken(secrets.jwtSecret, resume)).toEqual(visitor);
    expect(verifyResumeToken(secrets.jwtSecret, chat)).toBeUndefined();
    expect(verifyChatToken(secrets.jwtSecret, resume)).toBeUndefined();
    expect(verifySourceToken(secrets.jwtSecret, chat)).toBeUndefined();
  });

  it.each([
    [
      'unsigned',
      jwt.sign({ account: 1, channel_id: 'x' }, '', {
        algorithm: 'none',
        issuer: 'parley',
        audience: 'chat',
        subject: 'c',
      }),
    ],
    ['signed with another key', signChatToken('another-secret', visitor)],
    [
      'of another algorithm',
      jwt.sign({ account: 1, channel_id: 'x' }, secrets.jwtSecret, {
        algorithm: 'HS512',
        issuer: 'parley',
        audience: 'chat',
        subject: 'c',
      }),
    ],
    [
      'expired',
      jwt.sign({ account: 1, channel_id: 'x' }, secrets.jwtSecret, {
        expiresIn: -10,
        issuer: 'parley',
        audience: 'chat',
        subject: 'c',
      }),
    ],
    ['no token at all', 'gibberish'],
  ])('a chat token that is %s is none', (_, token) => {
    expect(verifyChatToken(secrets.jwtSecret, token)).toBeUndefined();
  });
});

describe('authentication', () => {
  it('takes the system token with and without Bearer', async () => {
    expect(await outcome('Bearer the-system-token', ['system'])).toBe('system');
    expect(await outcome('the-system-token', ['system'])).toBe('system');
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Bearer wrong', 'Basic the-system-token'])(
    'refuses %p with 401',
    async (token) => {
      expect(await outcome(token, ['system', 'source'])).toBe(401);
    },
  );

  it('a good token of the wrong kind is 403', async () => {
    expect(await outcome(signSourceToken(secrets.jwtSecret, source), ['system'])).toBe(403);
    expect(await outcome('the-system-token', ['source'])).toBe(403);
    expect(await outcome(signChatToken(secrets.jwtSecret, visitor), ['system'])).toBe(403);
  });

  it('a source token is dead once its source is gone or made anew', async () => {
    const token = signSourceToken(secrets.jwtSecret, source);
    expect(await outcome(token, ['source'])).toBe('source');
    expect(await outcome(token, ['source'], {} as { '1/shop': Source })).toBe(401);
    expect(await outcome(token, ['source'], { '1/shop': { ...source, tokenId: 't-2' } })).toBe(401);
  });
});
