import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { AppError, createApp, type Route, systemAuthenticator } from '../src';

const auth = systemAuthenticator({ systemToken: 'the-system-token', jwtSecret: 'x' });
const routes: readonly Route[] = [
  {
    method: 'POST',
    path: '/echo',
    auth: null,
    maxBytes: 1_000,
    handle: (call) => ({ status: 200, body: call.json() }),
  },
  { method: 'POST', path: '/private', auth, handle: (call) => ({ status: 200, body: call.json() }) },
  { method: 'POST', path: '/nothing', auth: null, handle: () => ({ status: 204 }) },
  { method: 'POST', path: '/accepted', auth: null, handle: () => ({ status: 202 }) },
  {
    method: 'POST',
    path: '/field',
    auth: null,
    handle: () => {
      throw new AppError('INVALID_REQUEST', { message: 'bad name', field: 'name' });
    },
  },
  {
    method: 'POST',
    path: '/away',
    auth: null,
    handle: () => {
      throw new AppError('UNAVAILABLE', { message: 'nobody is there', retryAfterS: 1 });
    },
  },
  {
    method: 'POST',
    path: '/bug',
    auth: null,
    handle: () => {
      throw new Error('the password is hunter2');
    },
  },
];

let server: Server;
let base: string;
const logged: string[] = [];
beforeAll(async () => {
  const logger = pino({ level: 'info' }, { write: (line) => void logged.push(line) });
  server = createServer(createApp({ routes: () => routes, logger }));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

async function post(path: string, body?: string | Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(base + path, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

describe('HTTP shell', () => {
  it('answers JSON, ignoring the query string for the route', async () => {
    expect((await post('/echo?x=1', '{"a":1}')).json()).toEqual({ a: 1 });
  });

  it('says once for all requests that they are refused for now, and why', async () => {
    logged.length = 0;
    for (let times = 0; times < 3; times += 1) {
      expect((await post('/away')).status).toBe(503);
      expect((await post('/nothing')).status).toBe(204);
    }
    expect(logged.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 40, reason: 'nobody is there', msg: 'requests are refused for now' }),
    ]);
  });

  it('takes no body for an empty object', async () => {
    expect((await post('/echo')).json()).toEqual({});
  });

  it.each(['[1]', 'null', '"x"', '{"a":', 'nonsense', '\u0000'])('refuses %p with 400 and a code', async (body) => {
    const answer = await post('/echo', body);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'INVALID_REQUEST', field: 'body', message: expect.any(String) });
  });

  it('refuses a body over the limit with 413, announced or streamed, and goes on serving', async () => {
    expect((await post('/echo', Buffer.alloc(10_000_000, 'x'))).status).toBe(413);
    const streamed = await fetch(`${base}/echo`, {
      method: 'POST',
      body: new ReadableStream({
        start(controller) {
          for (let i = 0; i < 50; i++) controller.enqueue(Buffer.alloc(1_000, 'x'));
          controller.close();
        },
      }),
      duplex: 'half',
    } as RequestInit);
    expect(streamed.status).toBe(413);
    expect((await post('/echo', '{}')).status).toBe(200);
  });

  it('asks for the credential before it looks at the body', async () => {
    const answer = await post('/private', 'nonsense');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect((await post('/private', 'nonsense', { authorization: 'Bearer the-system-token' })).status).toBe(400);
  });

  it('unknown paths are 404, the wrong method 405', async () => {
    expect((await post('/nowhere')).status).toBe(404);
    expect((await post('/prefix/echo')).status).toBe(404);
    expect((await fetch(`${base}/echo`)).status).toBe(405);
  });

  it('empty answers are empty', async () => {
    expect(await post('/nothing')).toMatchObject({ status: 204, text: '' });
    expect(await post('/accepted')).toMatchObject({ status: 202, text: '' });
  });

  it('names the field to blame', async () => {
    expect((await post('/field')).json()).toEqual({ message: 'bad name', code: 'INVALID_REQUEST', field: 'name' });
  });

  it('a fault of ours is 500 and tells nothing', async () => {
    const answer = await post('/bug');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('hunter2');
    expect(answer.json()).toEqual({ message: 'internal error', code: 'INTERNAL' });
  });
});
