import { allTopics, sourceOfRawTopic, type Topic } from '@parley/contracts';
import type { Log, TopicDescription } from '@parley/log';
import { UsageError } from '../command';

const DEAD_LETTERS = /\.dead-letters$/;

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
  const described = await Promise.all(
    (named ?? topicsOfParley(present).map(({ name }) => name)).map((name) => log.describe(name)),
  );
  return described.filter((topic) => topic !== undefined).sort((a, b) => sizeOf(a) - sizeOf(b));
}

/** Those of the names that are Parley's topics. */
export function topicsOfParley(names: readonly string[]): readonly Topic[] {
  const sources = names.map((name) => sourceOfRawTopic(name.replace(DEAD_LETTERS, '')));
  const known = allTopics([...new Set(sources.filter((source) => source !== undefined))]);
  return known.filter(({ name }) => names.includes(name));
}

function sizeOf({ offsets }: TopicDescription): number {
  return offsets.reduce((sum, { start, end }) => sum + end - start, 0);
}
