import { BrokerError } from './errors';
import { type ApiName, type ApiVersions, apiKeys, type Encoder, type Exchange, exchangeOf } from './kafkajs';

/** A request whose answer is a `T`, written for the versions of the broker that it goes to. */
export interface ApiRequest<T> {
  readonly name: ApiName;
  exchange(versions: ApiVersions): Exchange;
  /** Only names the type of the answer. */
  readonly answer?: T;
}

/**
 * kafkajs's encoder and decoder, in the newest version that the broker knows too.
 * `codes: 'throw'` (default): the first error code of the answer is thrown as a BrokerError; `'keep'`: the answer comes
 * as it was decoded, so that a caller sees the code of each partition.
 */
export function kafkajsRequest<T>(
  name: ApiName,
  options: object,
  { codes = 'throw' }: { codes?: 'throw' | 'keep' } = {},
): ApiRequest<T> {
  return {
    name,
    exchange: (versions) => {
      const { request, response } = exchangeOf(name, versions, options);
      const parse =
        codes === 'keep' ? async (decoded: unknown) => decoded : (decoded: unknown) => response.parse(decoded);
      return { request, response: { decode: (payload) => response.decode(payload), parse }, logResponseError: false };
    },
  };
}

/** A request that we encode, and whose answer we decode, in one version. */
export function ownRequest<T>(
  name: ApiName,
  version: number,
  { encode, decode }: { encode(): Encoder | Buffer; decode(payload: Buffer): T },
): ApiRequest<T> {
  const exchange: Exchange = {
    request: {
      apiKey: apiKeys[name],
      apiVersion: version,
      apiName: name,
      encode: async () => {
        const encoded = encode();
        return Buffer.isBuffer(encoded) ? asEncoder(encoded) : encoded;
      },
    },
    response: {
      decode: async (payload) => ({ answer: decode(payload) }),
      parse: async (decoded) => (decoded as { answer: T }).answer,
    },
    logResponseError: false,
  };
  return { name, exchange: () => exchange };
}

/** kafkajs copies `buffer` of whatever has one: a whole payload need not be copied into an Encoder before. */
function asEncoder(payload: Buffer): Encoder {
  return { buf: payload, buffer: payload } as unknown as Encoder;
}

/** Throws a code that is not 0. */
export function throwCode(code: number): void {
  if (code !== 0) throw new BrokerError(code);
}
