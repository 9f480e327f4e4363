/**
 * Keys of the state store, bytewise ordered. Every key begins with the partition, because a partition's state depends
 * on its own log alone: the same message id told in two partitions is two things.
 */
import { createHash } from 'node:crypto';

const PARTITION_BYTES = 2;
const UUID_BYTES = 16;
const PLACE_BYTES = 12;
const DASHES = new Set([8, 13, 18, 23]);
const HEX_POSITIONS = [...Array(36).keys()].filter((at) => !DASHES.has(at));

/** Value of a lower-case hex digit by char code; 255 for anything else. */
const NIBBLES = (() => {
  const table = new Uint8Array(128).fill(255);
  for (const [value, digit] of [...'0123456789abcdef'].entries()) table[digit.charCodeAt(0)] = value;
  return table;
})();

function nibble(text: string, at: number | undefined): number {
  return at === undefined ? 255 : (NIBBLES[text.charCodeAt(at)] ?? 255);
}

/** Writes a canonical (lower-case) uuid as 16 bytes; false if the text is none. */
function writeUuid(target: Buffer, at: number, text: string): boolean {
  if (text.length !== 36) return false;
  for (const dash of DASHES) if (text.charCodeAt(dash) !== 45) return false;
  for (let byte = 0; byte < UUID_BYTES; byte += 1) {
    const high = nibble(text, HEX_POSITIONS[byte * 2]);
    const low = nibble(text, HEX_POSITIONS[byte * 2 + 1]);
    if (high > 15 || low > 15) return false;
    target[at + byte] = (high << 4) | low;
  }
  return true;
}

/** Partition and id: 18 bytes for a uuid, 34 for an id of any other form (its SHA-256). */
export function idKey(partition: number, id: string): Buffer {
  const key = Buffer.allocUnsafe(PARTITION_BYTES + UUID_BYTES);
  key[0] = partition >> 8;
  key[1] = partition & 255;
  if (writeUuid(key, PARTITION_BYTES, id)) return key;
  return Buffer.concat([key.subarray(0, PARTITION_BYTES), createHash('sha256').update(id).digest()]);
}

/** Blocks lie in the order in which their messages came, so that a replay writes them sequentially. */
export function blockKey(partition: number, block: number): Buffer {
  const key = Buffer.allocUnsafe(PARTITION_BYTES + 6);
  key.writeUInt16BE(partition, 0);
  key.writeUIntBE(block, PARTITION_BYTES, 6);
  return key;
}

/** Where a message stands in its conversation. */
export interface Place {
  readonly sentAt: number;
  readonly sequence: number;
}

export function comparePlaces(a: Place, b: Place): number {
  return a.sentAt - b.sentAt || a.sequence - b.sequence;
}

const HIGH = 2 ** 32;
/** Times before 1970 sort before those after. On the upper half alone: a sum with the whole would not be exact. */
const HIGH_BIAS = 2 ** 31;

export function placeKey(conversation: Buffer, place: Place): Buffer {
  const key = Buffer.allocUnsafe(conversation.length + PLACE_BYTES);
  conversation.copy(key);
  const high = Math.floor(place.sentAt / HIGH);
  key.writeUInt32BE(high + HIGH_BIAS, conversation.length);
  key.writeUInt32BE(place.sentAt - high * HIGH, conversation.length + 4);
  key.writeUInt32BE(place.sequence, conversation.length + 8);
  return key;
}

export function placeOf(key: Buffer): Place {
  const at = key.length - PLACE_BYTES;
  return {
    sentAt: (key.readUInt32BE(at) - HIGH_BIAS) * HIGH + key.readUInt32BE(at + 4),
    sequence: key.readUInt32BE(at + 8),
  };
}

/** All keys that begin with the prefix lie in [start, end). */
export function prefixRange(prefix: Buffer): { start: Buffer; end: Buffer } {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at -= 1) {
    const byte = end[at] ?? 255;
    if (byte < 255) {
      end[at] = byte + 1;
      return { start: prefix, end: end.subarray(0, at + 1) };
    }
  }
  return { start: prefix, end: Buffer.alloc(prefix.length + 1, 255) };
}

export function partitionPrefix(partition: number): Buffer {
  const key = Buffer.allocUnsafe(PARTITION_BYTES);
  key.writeUInt16BE(partition, 0);
  return key;
}
