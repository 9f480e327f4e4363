import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Logger } from 'pino';
import { isLogError } from '../errors';
import { BrokerError, isRefusal, refused, unavailable } from './errors';
import { type ApiVersions, apiKeys, apiVersionsExchange, KafkajsConnection, type KafkajsLogger } from './kafkajs';
import type { ApiRequest } from './request';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SendOptions {
  /** Milliseconds from the call to the whole answer; default 5000. When they are over the connection is closed. */
  readonly timeoutMs?: number;
  /** Stops the waiting; the answer is dropped when it comes. The connection stays open. */
  readonly signal?: AbortSignal;
}

export interface Connection {
  /**
   * @throws BrokerError        the answer holds an error code (see `kafkajsRequest` for keeping codes)
   * @throws LOG_UNAVAILABLE    no connection, no answer in time, or aborted: it is not known what the broker did
   */
  send<T>(request: ApiRequest<T>, options?: SendOptions): Promise<T>;
  /** False once it is closed or lost: it does not come back, take another one. */
  readonly alive: boolean;
  /** Ends it at once; requests under way fail. */
  close(): void;
}

export interface Credentials {
  readonly clientId: string;
  /** PEM texts; null: no TLS. `cert` and `key` are the client's own. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
  readonly sasl: { readonly mechanism: string; readonly username: string; readonly password: string } | null;
  readonly logger: Logger;
}

const SEND_TIMEOUT_MS = 5000;
const KEEP_ALIVE_MS = 60_000;
/** kafkajs's own timeouts are off or out of the way: it never closes a connection that timed out, we do. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Connects, asks for the versions and authenticates.
 * @throws LOG_UNAVAILABLE  not done in the time, refused, or the credentials are
 */
export async function connect(address: Address, credentials: Credentials, timeoutMs: number): Promise<Connection> {
  const connection = new BrokerConnection(address, credentials);
  await connection.open(timeoutMs);
  return connection;
}

class BrokerConnection implements Connection {
  private readonly inner: KafkajsConnection;
  private versions: ApiVersions = {};
  private closed = false;

  constructor(
    private readonly address: Address,
    credentials: Credentials,
  ) {
    const { clientId, tls, sasl, logger } = credentials;
    this.inner = new KafkajsConnection({
      ...address,
      clientId,
      logger: quiet(logger),
      socketFactory,
      ssl: tls && { ...tls },
      sasl: sasl && { ...sasl },
      connectionTimeout: NEVER_MS,
      requestTimeout: NEVER_MS,
      enforceRequestTimeout: false,
    });
    // kafkajs looks every millisecond, for ever, whether something is pending. Only a broker's throttling makes it so.
    const { requestQueue } = this.inner;
    const schedule = requestQueue.scheduleCheckPendingRequests.bind(requestQueue);
    requestQueue.scheduleCheckPendingRequests = () => {
      if (requestQueue.pending.length > 0) schedule();
    };
  }

  get alive(): boolean {
    return !this.closed && this.inner.isConnected();
  }

  async open(timeoutMs: number): Promise<void> {
    await this.within(timeoutMs, 'connecting', undefined, async () => {
      await this.inner.connect();
      const { apiVersions } = (await this.inner.send(apiVersionsExchange())) as {
        apiVersions: readonly { apiKey: number; minVersion: number; maxVersion: number }[];
      };
      this.versions = Object.fromEntries(apiVersions.map(({ apiKey, ...range }) => [apiKey, range]));
      this.inner.setVersions(this.versions);
      this.inner.setSupportAuthenticationProtocol(this.versions[apiKeys.SaslAuthenticate] !== undefined);
      await this.inner.authenticate();
    }).catch((error: unknown) => {
      this.close();
      throw error;
    });
  }

  send<T>(request: ApiRequest<T>, { timeoutMs = SEND_TIMEOUT_MS, signal }: SendOptions = {}): Promise<T> {
    return this.within(
      timeoutMs,
      request.name,
      signal,
      async () => (await this.inner.send(request.exchange(this.versions))) as T,
    );
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const closed = unavailable(`the connection to ${this.name} was closed`, undefined);
    this.inner.requestQueue.rejectAll(closed);
    void this.inner.disconnect();
    // An error is all that ends kafkajs's timer of a connection that was never made.
    this.inner.socket?.destroy(closed);
  }

  private get name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  private within<T>(
    timeoutMs: number,
    what: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const timer = setTimeout(() => {
        settle();
        reject(unavailable(`${what}: ${this.name} did not answer within ${timeoutMs} ms`, undefined));
        this.close();
      }, timeoutMs);
      const abort = () => {
        settle();
        reject(unavailable(`${what}: aborted`, undefined));
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      work().then(
        (answer) => {
          settle();
          resolve(answer);
        },
        (error: unknown) => {
          settle();
          reject(this.translate(what, error));
        },
      );
    });
  }

  private translate(what: string, error: unknown): Error {
    if (isLogError(error) || error instanceof BrokerError) return error;
    const { name, code } = error as { name?: string; code?: unknown };
    if (name === 'KafkaJSProtocolError' && typeof code === 'number') return new BrokerError(code);
    // kafkajs calls a login that was cut off a failed one; a broker that refuses says so before it closes.
    const isRefused = isRefusal(error) && !(name === 'KafkaJSSASLAuthenticationError' && !this.inner.isConnected());
    // Whatever else failed here, half an answer may be left in the socket.
    this.close();
    return (isRefused ? refused : unavailable)(`${what} at ${this.name}`, error);
  }
}

function socketFactory({
  host,
  port,
  ssl,
  onConnect,
}: {
  host: string;
  port: number;
  ssl: object | null;
  onConnect: () => void;
}): Socket {
  // A name in the certificate is asked for only where there is one: an address is no server name.
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect);
  return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
}

/** kafkajs's own words are for whoever looks for a fault in it; answers, which it would log whole, are left out. */
function quiet(logger: Logger): KafkajsLogger {
  const debug = (message: string, extra: object = {}) => {
    if (!logger.isLevelEnabled('debug')) return;
    const { data, payload, ...facts } = extra as { data?: unknown; payload?: unknown };
    logger.debug({ kafkajs: facts }, message);
  };
  const quieted: KafkajsLogger = { info: debug, error: debug, warn: debug, debug, namespace: () => quieted };
  return quieted;
}
