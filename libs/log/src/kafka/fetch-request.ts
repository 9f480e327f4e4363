import type { Offset } from '../port';
import { Decoder, Encoder } from './kafkajs';
import type { AbortedTransaction } from './record-batch';
import { type ApiRequest, ownRequest, throwCode } from './request';

/**
 * The version before brokers could send readers to another replica, which would answer nothing and no error. Brokers
 * know it since 2.1.
 */
const VERSION = 10;
const CONSUMER = -1;
const READ_COMMITTED = 1;
/** No fetch session: each request names all it asks for. */
const NO_SESSION = { id: 0, epoch: -1 };
/** Leaders change under us: the broker needs not compare epochs for a reader of committed records. */
const NO_EPOCH = -1;

export interface FetchPlace {
  /** Name on the broker. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
}

export interface FetchLimits {
  /** How long the broker waits where there is nothing, milliseconds; 0: it answers at once. */
  readonly maxWaitMs: number;
  /** Of the whole answer. The first partition with data gives one batch at least, however large. */
  readonly maxBytes: number;
  readonly partitionMaxBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Error code; 0: none. */
  readonly code: number;
  /** Last stable offset: records from there on may belong to open transactions. */
  readonly end: Offset;
  readonly aborted: readonly AbortedTransaction[];
  /** Record batches; the last may be cut off. */
  readonly records: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** Asks one broker for committed records, in the order of the places, those of a topic together. */
export function fetchRequest(
  places: readonly FetchPlace[],
  limits: FetchLimits,
): ApiRequest<readonly FetchedPartition[]> {
  return ownRequest('Fetch', VERSION, { encode: () => encode(places, limits), decode });
}

function encode(places: readonly FetchPlace[], { maxWaitMs, maxBytes, partitionMaxBytes }: FetchLimits): Encoder {
  const encoder = new Encoder()
    .writeInt32(CONSUMER)
    .writeInt32(maxWaitMs)
    .writeInt32(1) // least bytes that end the wait
    .writeInt32(maxBytes)
    .writeInt8(READ_COMMITTED)
    .writeInt32(NO_SESSION.id)
    .writeInt32(NO_SESSION.epoch);
  const byTopic = new Map<string, FetchPlace[]>();
  for (const place of places) {
    const partitions = byTopic.get(place.topic);
    if (partitions) partitions.push(place);
    else byTopic.set(place.topic, [place]);
  }
  encoder.writeInt32(byTopic.size);
  for (const [topic, partitions] of byTopic) {
    encoder.writeString(topic).writeInt32(partitions.length);
    for (const { partition, offset } of partitions) {
      encoder
        .writeInt32(partition)
        .writeInt32(NO_EPOCH)
        .writeInt64(offset)
        .writeInt64(-1) // log start: for followers alone
        .writeInt32(partitionMaxBytes);
    }
  }
  return encoder.writeArray([]);
}

function decode(payload: Buffer): FetchedPartition[] {
  const decoder = new Decoder(payload);
  decoder.readInt32(); // throttle time: the broker itself keeps the next answer back
  throwCode(decoder.readInt16());
  decoder.readInt32(); // session id
  const topics = decoder.readArray(() => {
    const topic = decoder.readString() ?? '';
    return decoder.readArray((): FetchedPartition => {
      const partition = decoder.readInt32();
      const code = decoder.readInt16();
      decoder.readInt64(); // high watermark
      const end = Number(decoder.readInt64());
      decoder.readInt64(); // log start
      const aborted = decoder.readArray(() => ({
        producerId: decoder.readInt64(),
        firstOffset: Number(decoder.readInt64()),
      }));
      return { topic, partition, code, end, aborted, records: decoder.readBytes() ?? NOTHING };
    });
  });
  return topics.flat();
}
