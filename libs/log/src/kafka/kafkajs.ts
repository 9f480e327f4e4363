/**
 * The one window on kafkajs. Its public producer and consumer do not keep the port's promises (the consumer resets
 * silently where an offset is out of range and reads in groups alone, the producer holds a lock per broker), so the
 * adapter speaks the protocol itself and takes from kafkajs what lies below: sockets with TLS and SASL, and the
 * encoders and decoders of requests. These files are no public interface; kafkajs is pinned to the version they are of.
 */

/** kafkajs's growing buffer. `writeInt64` takes what fits a signed 64-bit integer, as number, text or bigint. */
export interface Encoder {
  readonly buffer: Buffer;
  writeInt8(value: number): this;
  writeInt16(value: number): this;
  writeInt32(value: number): this;
  writeUInt32(value: number): this;
  writeInt64(value: number | string | bigint): this;
  writeBoolean(value: boolean): this;
  writeString(value: string | null): this;
  writeBytes(value: Buffer | null): this;
  writeBuffer(value: Buffer): this;
  writeEncoder(value: Encoder): this;
  writeArray(values: readonly (Encoder | number | string)[]): this;
}

export interface Decoder {
  readInt8(): number;
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readBoolean(): boolean;
  readString(): string | null;
  readBytes(length?: number): Buffer | null;
  readArray<T>(read: (decoder: Decoder) => T): T[];
}

/** What `Connection.send` takes. */
export interface Exchange {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<Encoder>;
  };
  readonly response: {
    decode(payload: Buffer): Promise<unknown>;
    /** Throws a protocol error for the first error code within. */
    parse(decoded: unknown): Promise<unknown>;
  };
  readonly logResponseError?: boolean;
}

interface RequestDefinitions {
  readonly versions: readonly string[];
  protocol(options: { version: number }): (options: object) => Exchange;
}

/** By api key: the versions that a broker takes. */
export type ApiVersions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;

export interface KafkajsLogger {
  info(message: string, extra?: object): void;
  error(message: string, extra?: object): void;
  warn(message: string, extra?: object): void;
  debug(message: string, extra?: object): void;
  namespace(name: string): KafkajsLogger;
}

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly logger: KafkajsLogger;
  readonly socketFactory: (options: {
    host: string;
    port: number;
    ssl: object | null;
    onConnect: () => void;
  }) => import('node:net').Socket;
  readonly ssl: object | null;
  readonly sasl: object | null;
  /** Milliseconds. */
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
}

export interface KafkajsConnection {
  readonly requestQueue: {
    readonly pending: readonly unknown[];
    rejectAll(error: Error): void;
    scheduleCheckPendingRequests(): void;
  };
  readonly socket: import('node:net').Socket | undefined;
  isConnected(): boolean;
  connect(): Promise<unknown>;
  authenticate(): Promise<void>;
  setVersions(versions: ApiVersions): void;
  setSupportAuthenticationProtocol(supported: boolean): void;
  send(exchange: Exchange): Promise<unknown>;
  disconnect(): Promise<unknown>;
}

export const KafkajsConnection = require('kafkajs/src/network/connection') as new (
  options: ConnectionOptions,
) => KafkajsConnection;

export const Encoder = require('kafkajs/src/protocol/encoder') as new (initialSize?: number) => Encoder;

export const Decoder = require('kafkajs/src/protocol/decoder') as new (payload: Buffer) => Decoder;

export const apiKeys = require('kafkajs/src/protocol/requests/apiKeys') as Readonly<Record<ApiName, number>>;

const { requests } = require('kafkajs/src/protocol/requests') as { requests: Record<ApiName, RequestDefinitions> };

const { errorCodes } = require('kafkajs/src/protocol/error') as {
  errorCodes: readonly { type: string; code: number; retriable: boolean; message: string }[];
};

/** Names as kafkajs writes them: the protocol's FindCoordinator is `GroupCoordinator` here. */
export type ApiName =
  | 'Produce'
  | 'Fetch'
  | 'ListOffsets'
  | 'Metadata'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'GroupCoordinator'
  | 'JoinGroup'
  | 'Heartbeat'
  | 'LeaveGroup'
  | 'SyncGroup'
  | 'DescribeGroups'
  | 'ListGroups'
  | 'ApiVersions'
  | 'CreateTopics'
  | 'InitProducerId'
  | 'DescribeConfigs'
  | 'SaslAuthenticate';

const errorsByCode = new Map(errorCodes.map((known) => [known.code, known]));

/** What kafkajs knows of an error code; it knows those up to Kafka 2.3. */
export function knownError(code: number): { readonly type: string; readonly retriable: boolean } | undefined {
  return errorsByCode.get(code);
}

/** The newest version that both kafkajs and the broker know. @throws RangeError where there is none */
export function exchangeOf(name: ApiName, versions: ApiVersions, options: object): Exchange {
  const definitions = requests[name];
  const theirs = versions[apiKeys[name]];
  const version = Math.max(
    ...definitions.versions
      .map(Number)
      .filter((ours) => theirs && ours <= theirs.maxVersion && ours >= theirs.minVersion),
  );
  if (!Number.isFinite(version)) throw new RangeError(`the broker and kafkajs share no version of ${name}`);
  return definitions.protocol({ version })(options);
}

/** Asks which versions a broker takes; the first request of a connection. */
export function apiVersionsExchange(): Exchange {
  return requests.ApiVersions.protocol({ version: 2 })({});
}
