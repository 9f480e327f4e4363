import type { TopicDescription } from '@parley/log';
import type { Ends } from '../log/ends';
import { sideBySide } from '../log/side-by-side';
import { Cursor } from '../log/stream';
import { type Compared, comparePartition } from './compare';
import { OffsetMap } from './offset-map';
import { SchemaTwins } from './schema-ids';

/**
 * Compares a partition with what the target has of it now.
 * @param spec the topic of the source, as far as it is to be compared
 * @throws CommandError naming the first difference
 */
export async function compareWithTarget(
  { source, target }: Ends,
  spec: TopicDescription,
  of: { readonly partition: number; readonly offsets: OffsetMap; readonly mayBeCutOff: boolean },
): Promise<Compared> {
  const { partition } = of;
  const ours = rangeOf(spec, partition);
  const theirs = rangeOf(await target.log.describe(spec.name), partition);
  const sourceCursor = await Cursor.open(source.log, ours);
  try {
    const targetCursor = await Cursor.open(target.log, theirs);
    try {
      return await comparePartition({
        ...of,
        spec,
        source: sourceCursor,
        target: targetCursor,
        twins: new SchemaTwins(source.schemas, target.schemas),
        nowMs: Date.now(),
      });
    } finally {
      await targetCursor.close();
    }
  } finally {
    await sourceCursor.close();
  }
}

/** Compares a topic whole. @returns how many records both have @throws CommandError naming the first difference */
export async function compareTopic(ends: Ends, spec: TopicDescription): Promise<number> {
  const compared = await sideBySide(spec.offsets, ({ partition }) =>
    compareWithTarget(ends, spec, { partition, offsets: new OffsetMap([]), mayBeCutOff: false }),
  );
  return compared.reduce((sum, { records }) => sum + records, 0);
}

function rangeOf(topic: TopicDescription | undefined, partition: number) {
  const held = topic?.offsets.find((other) => other.partition === partition);
  if (!topic || !held) throw new Error(`there is no partition ${partition} of ${topic?.name}`);
  return { topic: topic.name, partition, from: held.start, to: held.end };
}
