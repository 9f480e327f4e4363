import type { TopicDescription } from '@parley/log';
import { CommandError } from '../command';
import type { LogEnd } from '../log/ends';

/**
 * Makes the topics that the target lacks. Nothing is made where anything does not fit.
 * @throws TOPIC_MISMATCH  one is there with other settings
 * @throws CommandError    there are records, and no copy is to be resumed
 */
export async function prepareTarget(
  { log, name }: LogEnd,
  specs: readonly TopicDescription[],
  resume: boolean,
): Promise<void> {
  const described = await Promise.all(specs.map((spec) => log.describe(spec.name)));
  const present = described.filter((topic) => topic !== undefined);
  await log.ensureTopics(specs.filter((spec) => present.some((topic) => topic.name === spec.name)));
  const filled = present.filter(({ offsets }) => offsets.some(({ end }) => end > 0));
  if (filled.length > 0 && !resume) {
    throw new CommandError(
      `${name} is not empty; it has records on:\n${filled.map((topic) => `  ${topic.name}`).join('\n')}\n` +
        'copy to an empty log, or go on with --resume if this is a copy that was cut off',
    );
  }
  await log.ensureTopics(specs);
}
