import type { Offset } from '@parley/log';
import type { Ends } from '../log/ends';
import { sideBySide } from '../log/side-by-side';
import { compareWithTarget } from './compare-topic';
import { copyPartition } from './copy-partition';
import type { PartitionPassage, Passage } from './passage';

export interface CopiedTopic {
  readonly topic: string;
  readonly partitions: number;
  /** Records that the target has of it now. */
  readonly records: number;
  /** Whether every record has the offset that it had. */
  readonly offsetsKept: boolean;
  /** Schema ids that the source's own registry does not know: their records stay unreadable. */
  readonly unknownSchemas: readonly number[];
}

/** Copies what the target lacks of a topic, all partitions at once. What it has must be the beginning of the source's. */
export async function copyTopic(
  ends: Ends,
  { spec, schemas, partitions }: Passage,
  onCopied: (records: number, bytes: number) => void,
): Promise<CopiedTopic> {
  const { source, target } = ends;
  let records = 0;
  const copy = async ({ partition, end, offsets }: PartitionPassage, from: Offset) => {
    await copyPartition({
      source: source.log,
      target: target.log,
      range: { topic: spec.name, partition, from, to: end },
      schemas,
      offsets,
      onCopied: (count, bytes) => {
        records += count;
        onCopied(count, bytes);
      },
    });
  };
  await sideBySide(partitions, async (passage) => {
    const { partition, offsets } = passage;
    const held = await compareWithTarget(ends, spec, { partition, offsets, mayBeCutOff: true });
    records += held.records;
    if (held.missing !== undefined) await copy(passage, held.missing);
  });
  const targetEnds = await target.log.ends(spec.name);
  for (const { partition, offsets } of partitions) offsets.end(targetEnds.get(partition) ?? 0);
  return {
    topic: spec.name,
    partitions: spec.partitions,
    records,
    offsetsKept: partitions.every(({ offsets }) => offsets.kept),
    unknownSchemas: schemas.unknown,
  };
}
