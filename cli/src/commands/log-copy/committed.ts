import { isLogError, type Log, type Offset, type TopicDescription } from '@parley/log';
import { CommandError } from '../command';
import type { LogEnd } from '../log/ends';

/** What a group has committed of a topic. */
export interface Committed {
  readonly group: string;
  readonly topic: string;
  readonly positions: ReadonlyMap<number, Offset>;
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
