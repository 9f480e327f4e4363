import type { Log, Offset } from '@parley/log';
import type { Committed } from './committed';
import type { Passage } from './passage';

export interface CopiedPosition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly source: Offset;
  readonly target: Offset;
}

/** Sets what the groups have committed to where the same records are in the target. */
export async function copyPositions(
  target: Log,
  committed: readonly Committed[],
  passages: readonly Passage[],
): Promise<readonly CopiedPosition[]> {
  const copied: CopiedPosition[] = [];
  for (const { group, topic, positions } of committed) {
    const passage = passages.find(({ spec }) => spec.name === topic);
    if (!passage) throw new Error(`${topic} was not copied`);
    const targets = new Map<number, Offset>();
    for (const [partition, source] of positions) {
      const found = passage.partition(partition).offsets.of(source);
      targets.set(partition, found);
      copied.push({ group, topic, partition, source, target: found });
    }
    await target.resetOffsets(group, topic, targets);
  }
  return copied;
}
