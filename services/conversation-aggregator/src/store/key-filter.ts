/** 1 MB a partition: a million keys with few answers in vain. */
const BITS = 2 ** 23;
/** Where in a key four bytes are taken from: behind the partition, and off the fixed bits of a uuid. */
const TAKEN_FROM = [2, 11, 14] as const;

/**
 * Tells for most keys that were never added that they were not, without a look into the store (a Bloom filter over keys
 * made by `idKey`, whose bytes are a hash's for nearly all ids). In a rebuild nearly every message is one.
 */
export class KeyFilter {
  private readonly bits = new Uint32Array(BITS / 32);

  add(key: Buffer): void {
    for (const from of TAKEN_FROM) {
      const bit = key.readUInt32LE(from) % BITS;
      this.bits[bit >>> 5] = (this.bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }

  /** False: the key was certainly never added. */
  mayHave(key: Buffer): boolean {
    for (const from of TAKEN_FROM) {
      const bit = key.readUInt32LE(from) % BITS;
      if (((this.bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}
