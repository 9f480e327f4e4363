import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { type Credentials, connect } from './connection';
import { apiKeys, Encoder } from './kafkajs';

const SASL_HANDSHAKE = 17;

describe('a connection', () => {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server?.close(resolve));
  });

  const listen = async (onSocket: (socket: Socket) => void) => {
    const listening = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      onSocket(socket);
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return { host: '127.0.0.1', port: (listening.address() as AddressInfo).port };
  };
  const credentials = (own: Partial<Credentials>): Credentials => ({
    clientId: 'parley-test',
    tls: null,
    sasl: null,
    logger: pino({ level: 'silent' }),
    ...own,
  });

  it('that is never made leaves no timer behind, which would keep the process alive', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
    try {
      let arrived = () => {};
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const address = await listen(() => arrived());
      const failure = expect(connect(address, credentials({ tls: {} }), 100)).rejects.toMatchObject({
        code: 'LOG_UNAVAILABLE',
      });
      await arrival;
      jest.advanceTimersByTime(100);
      await failure;
      await new Promise((resolve) => setImmediate(resolve));
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('that is lost while the broker looks at the password is no refusal of it', async () => {
    const address = await listen((socket) => {
      socket.on('data', (request) => {
        const answer = answerTo(request.readInt16BE(4));
        if (!answer) return socket.destroy();
        socket.write(new Encoder().writeInt32(4 + answer.buffer.length).writeBuffer(request.subarray(8, 12)).buffer);
        return socket.write(answer.buffer);
      });
    });
    const sasl = { mechanism: 'plain', username: 'a', password: 'b' };
    await expect(connect(address, credentials({ sasl }), 5000)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  });
});

/** Undefined for what this broker does not come to answer. */
function answerTo(apiKey: number): Encoder | undefined {
  if (apiKey === apiKeys.ApiVersions) {
    const known = [SASL_HANDSHAKE, apiKeys.SaslAuthenticate];
    const answer = new Encoder().writeInt16(0).writeInt32(known.length);
    for (const key of known) answer.writeInt16(key).writeInt16(0).writeInt16(1);
    return answer.writeInt32(0);
  }
  if (apiKey === SASL_HANDSHAKE) return new Encoder().writeInt16(0).writeInt32(1).writeString('PLAIN');
  return undefined;
}
