import type { Offset } from '../port';
import { Decoder, Encoder } from './kafkajs';
import { type ApiRequest, ownRequest } from './request';

/** Since Kafka 2.1; in all versions since 3 the fields used here are the same. */
const VERSION = 7;
const ACKS_OF_ALL = -1;

export interface ProduceEntry {
  /** Name on the broker. */
  readonly topic: string;
  readonly partition: number;
  /** An encoded record batch. */
  readonly batch: Buffer;
}

export interface ProduceOutcome {
  readonly topic: string;
  readonly partition: number;
  /** 0, or the protocol's error code. */
  readonly code: number;
  /** Of the batch's first record; that of its first arrival where the broker had it already. */
  readonly baseOffset: Offset;
}

/** @param timeoutMs how long the broker may wait for the replicas */
export function produceRequest(
  entries: readonly ProduceEntry[],
  timeoutMs: number,
): ApiRequest<readonly ProduceOutcome[]> {
  return ownRequest('Produce', VERSION, { encode: () => encode(entries, timeoutMs), decode });
}

function encode(entries: readonly ProduceEntry[], timeoutMs: number): Encoder {
  const byTopic = new Map<string, ProduceEntry[]>();
  let bytes = 100;
  for (const entry of entries) {
    const own = byTopic.get(entry.topic);
    if (own) own.push(entry);
    else byTopic.set(entry.topic, [entry]);
    bytes += entry.batch.length + entry.topic.length + 20;
  }
  const encoder = new Encoder(bytes).writeString(null).writeInt16(ACKS_OF_ALL).writeInt32(timeoutMs);
  encoder.writeInt32(byTopic.size);
  for (const [topic, own] of byTopic) {
    encoder.writeString(topic).writeInt32(own.length);
    for (const { partition, batch } of own) encoder.writeInt32(partition).writeBytes(batch);
  }
  return encoder;
}

function decode(payload: Buffer): readonly ProduceOutcome[] {
  const outcomes: ProduceOutcome[] = [];
  const decoder = new Decoder(payload);
  decoder.readArray((topics) => {
    const topic = topics.readString() ?? '';
    topics.readArray((partitions) => {
      outcomes.push({
        topic,
        partition: partitions.readInt32(),
        code: partitions.readInt16(),
        baseOffset: Number(partitions.readInt64()),
      });
      // Log append time and log start.
      partitions.readInt64();
      partitions.readInt64();
    });
  });
  return outcomes;
}
