import type { Log, TopicDescription } from '@parley/log';
import { CommandError } from '../command';
import type { Ends } from '../log/ends';
import { Progress } from '../log/progress';
import { foldStates, type PartitionStates } from '../log-states/fold';
import { committedOf, refuseMembers } from './committed';
import { compareTopic } from './compare-topic';
import { type CopiedTopic, copyTopic } from './copy-topic';
import { Passage } from './passage';
import { type CopiedPosition, copyPositions } from './positions';
import { prepareTarget } from './prepare-target';
import { topicsToCopy } from './topics';

export interface CopyOptions extends Ends {
  /** undefined: all of Parley's that the source has. */
  readonly topics: readonly string[] | undefined;
  /** Consumer groups whose committed positions go along. */
  readonly groups: readonly string[];
  /** The target may have the beginning of a copy that was cut off. */
  readonly resume: boolean;
  /** Read both logs again afterwards and compare them. */
  readonly verify: boolean;
  /** Fold both conversation logs afterwards and compare what they come to. */
  readonly states: boolean;
  readonly note: (line: string) => void;
}

export interface CopyReport {
  readonly topics: readonly CopiedTopic[];
  readonly positions: readonly CopiedPosition[];
  /** Records that this run appended. */
  readonly copied: number;
  readonly seconds: number;
  readonly verified: boolean;
  /** Of both logs, where they were compared. */
  readonly states: readonly PartitionStates[] | null;
}

/**
 * Copies topics from one log to another: keys, headers, times and order as they are, every record in its partition,
 * the contents under the target's schema ids. Then sets the groups' positions. Nothing may write to either meanwhile.
 * @throws CommandError, TOPIC_MISMATCH, SCHEMA_INCOMPATIBLE  before anything is copied, where the target does not fit
 * @throws CommandError, LOG_UNAVAILABLE  later; the copy can be resumed
 */
export async function copyLog(options: CopyOptions): Promise<CopyReport> {
  const { source, target, note } = options;
  const specs = await topicsToCopy(source.log, options.topics);
  const committed = await committedOf(source.log, options.groups, specs);
  await refuseMembers(source, committed);
  await prepareTarget(target, specs, options.resume);
  await refuseMembers(target, committed);
  const passages: Passage[] = [];
  for (const spec of specs) passages.push(await Passage.prepare(options, spec, committed));

  const progress = new Progress('copied', note);
  const topics: CopiedTopic[] = [];
  for (const passage of passages) {
    const topic = await copyTopic(options, passage, progress.add);
    note(`${topic.topic}: ${topic.records} records`);
    topics.push(topic);
  }
  note(progress.text());
  await refuseGrown(source.log, specs);
  const positions = await copyPositions(target.log, committed, passages);
  const { records: copied, seconds } = progress;
  if (options.verify) {
    const compared = new Progress('compared', note);
    for (const { spec } of passages) compared.add(await compareTopic(options, spec), 0);
    note(compared.text());
  }
  const states = options.states ? await sameStates(options) : null;
  return { topics, positions, copied, seconds, verified: options.verify, states };
}

/** @throws CommandError  the logs come to other states */
async function sameStates({ source, target, note }: CopyOptions): Promise<readonly PartitionStates[]> {
  const progress = new Progress('folded', note);
  const ours = await foldStates({ end: source, onRecords: progress.add });
  const theirs = await foldStates({ end: target, onRecords: progress.add });
  note(progress.text());
  for (const [index, { partition, hash }] of ours.entries()) {
    if (theirs[index]?.hash === hash) continue;
    throw new CommandError(
      `the states of partition ${partition} differ: ${hash} of the source, ${theirs[index]?.hash} of the target`,
    );
  }
  return theirs;
}

/** What was written meanwhile was written to a log that nobody will look at any more. */
async function refuseGrown(source: Log, specs: readonly TopicDescription[]): Promise<void> {
  for (const { name, offsets } of specs) {
    const ends = await source.ends(name);
    const grown = offsets.find(({ partition, end }) => ends.get(partition) !== end);
    if (!grown) continue;
    throw new CommandError(
      `${name}, partition ${grown.partition} was written to during the copy; stop all services and go on with --resume`,
    );
  }
}
