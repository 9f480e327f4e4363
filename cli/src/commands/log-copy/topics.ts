import { allTopics, sourceOfRawTopic } from '@parley/contracts';
import type { Log, TopicDescription } from '@parley/log';
import { UsageError } from '../command';

/**
 * Parley's topics on a log that may have others, or those that are named. The small ones come first: what they hold
 * tells early whether the two ends fit.
 * @throws UsageError  one that is named is not there
 */
export async function topicsToCopy(
  log: Log,
  named: readonly string[] | undefined,
): Promise<readonly TopicDescription[]> {
  const present = await log.topics();
  const missing = named?.filter((name) => !present.includes(name)) ?? [];
  if (missing.length > 0) throw new UsageError(`--topics: the source has no ${missing.join(', ')}`);
  const described = await Promise.all((named ?? ofParley(present)).map((name) => log.describe(name)));
  return described.filter((topic) => topic !== undefined).sort((a, b) => sizeOf(a) - sizeOf(b));
}

function ofParley(present: readonly string[]): readonly string[] {
  const sources = present.map(sourceOfRawTopic).filter((source) => source !== undefined);
  const known = new Set(allTopics(sources).map(({ name }) => name));
  return present.filter((name) => known.has(name));
}

function sizeOf({ offsets }: TopicDescription): number {
  return offsets.reduce((sum, { start, end }) => sum + end - start, 0);
}
