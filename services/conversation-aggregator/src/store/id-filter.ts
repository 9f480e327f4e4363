/** Words of the filter; 16 MB. */
const WORDS = 1 << 22;

/**
 * Tells ids that were certainly never added, so that a look-up of each new one is spared. What it does not rule out has
 * to be looked up: of 16 million ids about one new one in twenty, of more the more. It errs in this direction only.
 *
 * An id has three bits of one word, so that a question touches memory once.
 */
export class IdFilter {
  private readonly words = new Int32Array(WORDS);

  add(partition: number, id: string): void {
    const hash = hashOf(partition, id);
    const word = hash & (WORDS - 1);
    this.words[word] = (this.words[word] ?? 0) | bitsOf(hash);
  }

  /** False: it was not added. */
  mayHave(partition: number, id: string): boolean {
    const hash = hashOf(partition, id);
    const bits = bitsOf(hash);
    return ((this.words[hash & (WORDS - 1)] ?? 0) & bits) === bits;
  }
}

/** FNV-1a of the id's UTF-16 units, begun with the partition. */
function hashOf(partition: number, id: string): number {
  let hash = 0x811c9dc5 ^ partition;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** Of bits that don't choose the word alone. */
function bitsOf(hash: number): number {
  const other = mixed(hash ^ 0x9e3779b9);
  return (1 << (other & 31)) | (1 << ((other >>> 8) & 31)) | (1 << ((other >>> 16) & 31));
}

/** Every bit of the result depends on every bit of the hash (murmur3's last step). */
function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
