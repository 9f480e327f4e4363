import { createHash } from 'node:crypto';
import { canonical, canonicalConversation } from '@parley/conversations';
import type { PartitionHash } from '@parley/query';
import type { Generation } from '../partition/generation';
import type { Governor } from '../partition/governor';

/**
 * What the states come to: equal hashes mean equal states. Taken of one committed moment, in slices, while events go
 * on being applied.
 */
export async function stateHashes(
  generation: Generation,
  governor: Governor,
  partitions: readonly number[] = [...generation.partitions.keys()],
): Promise<readonly PartitionHash[]> {
  await generation.store.flush();
  const snapshot = generation.store.snapshot();
  try {
    const hashes: PartitionHash[] = [];
    for (const partition of partitions) {
      const hash = createHash('sha256');
      let conversations = 0;
      for (const state of snapshot.conversations(partition)) {
        hash.update(canonicalConversation(state)).update('\n');
        conversations += 1;
        if (governor.isDue) await governor.yield();
      }
      for (const message of snapshot.messages(partition)) {
        hash.update(canonical(message)).update('\n');
        if (governor.isDue) await governor.yield();
      }
      hashes.push({ partition, applied: snapshot.position(partition), hash: hash.digest('hex'), conversations });
    }
    return hashes;
  } finally {
    snapshot.close();
  }
}
