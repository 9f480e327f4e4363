const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const ROTATION = 24;

/**
 * Hash of a key as Kafka's Java client computes it: signed 32 bits.
 * Source: org.apache.kafka.common.utils.Utils.murmur2
 */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  const tail = length & ~3;
  let h = SEED ^ length;
  for (let i = 0; i < tail; i += 4) {
    let k = byte(data, i) | (byte(data, i + 1) << 8) | (byte(data, i + 2) << 16) | (byte(data, i + 3) << 24);
    k = Math.imul(k, MULTIPLIER);
    k ^= k >>> ROTATION;
    h = Math.imul(h, MULTIPLIER) ^ Math.imul(k, MULTIPLIER);
  }
  const rest = length & 3;
  if (rest === 3) h ^= byte(data, tail + 2) << 16;
  if (rest >= 2) h ^= byte(data, tail + 1) << 8;
  if (rest >= 1) h = Math.imul(h ^ byte(data, tail), MULTIPLIER);
  h ^= h >>> 13;
  h = Math.imul(h, MULTIPLIER);
  return (h ^ (h >>> 15)) | 0;
}

/** Partition of a key, 0 to partitions - 1: the one that Kafka's Java client would choose. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

function byte(data: Uint8Array, index: number): number {
  return data[index] ?? 0;
}
