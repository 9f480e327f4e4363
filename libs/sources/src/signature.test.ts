import { hmac, verifyHub, verifyTwilio } from './signature';

const body = Buffer.from('{"entry":[]}');
const sha1 = 'eb6e21b6c2a7eae9310f91503d5ee1e84669e5d3';
const sha256 = 'fe6aaed5aff30b5679e782271914a2287bdd7de6bedb495c95c24ad91e5e3fdb';

describe('signatures', () => {
  it.each([
    ['the strong one', { 'x-hub-signature-256': `sha256=${sha256}` }, 'valid'],
    ['the weak one', { 'x-hub-signature': `sha1=${sha1}` }, 'valid'],
    ['the strong one decides', { 'x-hub-signature-256': 'sha256=00', 'x-hub-signature': `sha1=${sha1}` }, 'invalid'],
    ['a digest without its name', { 'x-hub-signature': sha1 }, 'invalid'],
    ['a digest of another length', { 'x-hub-signature': 'sha1=é' }, 'invalid'],
    ['none', {}, 'missing'],
    ['an empty one', { 'x-hub-signature': '' }, 'missing'],
  ])('hub: %s', (_, headers, verdict) => {
    expect(verifyHub(headers, body, 'app-secret')).toBe(verdict);
  });

  it('covers every byte', () => {
    const headers = { 'x-hub-signature': `sha1=${sha1}` };
    expect(verifyHub(headers, Buffer.from('{"entry": []}'), 'app-secret')).toBe('invalid');
    expect(verifyHub(headers, body, 'other-secret')).toBe('invalid');
  });

  it('twilio: over the public URL and the sorted form', () => {
    const form = new URLSearchParams({ To: '+491234567', Body: 'Hi there', From: '+4915112345678' });
    const call = { publicUrl: 'https://core.example.org/twilio', form, secret: 'auth-token' };
    expect(verifyTwilio('SgGhTQqjqBLg8ZKxuHqtTzLlxMA=', call)).toBe('valid');
    expect(verifyTwilio('SgGhTQqjqBLg8ZKxuHqtTzLlxMA=', { ...call, secret: 'other' })).toBe('invalid');
    expect(verifyTwilio('SgGhTQqjqBLg8ZKxuHqtTzLlxMA=', { ...call, publicUrl: 'http://127.0.0.1/twilio' })).toBe(
      'invalid',
    );
    expect(verifyTwilio(undefined, call)).toBe('missing');
  });

  it('digests in the encodings that other sources sign with', () => {
    expect(hmac('sha256', 'viber-token', 'hex', body)).toBe(
      '467b700c546962616ac8dc3410800cf055292ad1c8532a386d9bd5ca59eaa57d',
    );
    expect(hmac('sha512', 'partner-key', 'base64', body)).toBe(
      'nsBBEpDm2pnbfSGZao/2UZILbYO4mzXwrkB21yKmiOesZ5lxmKvASfYCoHma9wmJ/aX2teQuz9StpoLq057pVg==',
    );
    expect(hmac('sha256', 'secret-key', 'hex', '{"type":"message.created"}')).toBe(
      'ba8844374ec20931f461077f95a09a1d00c43c22d26bdb7705837260eb580ea9',
    );
  });
});
