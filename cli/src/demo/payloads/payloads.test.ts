import { createRandom, customRequest, metaRequest, twilioRequest, weighted } from '.';

describe('payloads', () => {
  it('are the same for the same seed', () => {
    const numbers = (seed: number) => Array.from({ length: 5 }, createRandom(seed));
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(8));
  });

  it('picks by weight', () => {
    const random = createRandom(1);
    const drawn = Array.from({ length: 1_000 }, () => weighted(random, { often: 9, seldom: 1, never: 0 }));
    expect(drawn).not.toContain('never');
    expect(drawn.filter((key) => key === 'seldom').length).toBeGreaterThan(50);
  });

  // Source: "Validating requests" of the Messenger platform; the digest was computed with openssl.
  it('signs as Meta does', () => {
    const { body, headers } = metaRequest('app-secret', { object: 'page', pageId: 'p', contactId: 'c' }, [
      { timestamp: 1 },
    ]);
    expect(body).toBe('{"object":"page","entry":[{"id":"p","time":1,"messaging":[{"timestamp":1}]}]}');
    expect(headers['x-hub-signature-256']).toBe(
      'sha256=8c983874fc5ed3f6ef45006f2d091c2316f4a3695060a699cde0edc53854a08d',
    );
  });

  // Twilio's own rule ("Security", validating signatures).
  it('signs as Twilio does', () => {
    const form = { To: '+491234567', Body: 'Hi there', From: '+4915112345678' };
    const { headers, body } = twilioRequest('auth-token', 'https://core.example.org/twilio', form);
    expect(headers['x-twilio-signature']).toBe('SgGhTQqjqBLg8ZKxuHqtTzLlxMA=');
    expect(new URLSearchParams(body).get('From')).toBe('+4915112345678');
  });

  it('carries the token of a custom source', () => {
    expect(customRequest('t', [])).toEqual({
      path: '/sources.webhook',
      headers: { 'content-type': 'application/json', authorization: 'Bearer t' },
      body: '{"messages":[],"metadata":[]}',
    });
  });
});
