import { isLogError, type Log, type Offset, type TopicDescription } from '@parley/log';
import { CommandError } from '../command';
import type { LogEnd } from './ends';
import type { Passage } from './passage';

/** What a group has committed of a topic. */
export interface Committed {
  readonly group: string;
  readonly topic: string;
  readonly positions: ReadonlyMap<number, Offset>;
}

export interface CopiedPosition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly source: Offset;
  readonly target: Offset;
}

export async function committedOf(
  log: Log,
  groups: readonly string[],
  topics: readonly TopicDescription[],
): Promise<readonly Committed[]> {
  const found: Committed[] = [];
  for (const group of groups) {
    for (const { name: topic } of topics) {
      const positions = await log.committed(group, topic);
      if (positions.size > 0) found.push({ group, topic, positions });
    }
  }
  return found;
}

/** @throws CommandError  a group has members: services are running */
export async function refuseMembers({ log, name }: LogEnd, committed: readonly Committed[]): Promise<void> {
  for (const { group, topic } of committed) {
    try {
      // Sets nothing, but only where it might.
      await log.resetOffsets(group, topic, new Map());
    } catch (error) {
      if (!isLogError(error, 'GROUP_ACTIVE')) throw error;
      throw new CommandError(`${name} is in use: ${error.message}`);
    }
  }
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
