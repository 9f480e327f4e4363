import type { Demands, PartitionOffset, Refusal, RefusalReason } from '@parley/query';
import type { Freshness } from '../partition/freshness';
import type { Generation } from '../partition/generation';
import type { Waiters } from '../partition/waiters';

/** Longest wait for a position that a question demands. */
const WITHIN_MS_MAX = 30_000;

/** This aggregator does not answer the question; another one may. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(reason: RefusalReason, partitions: readonly number[]) {
    super(messages[reason](partitions.join(', ')));
    this.name = 'Refused';
    this.refusal = { code: 'UNAVAILABLE', message: this.message, reason, partitions };
  }
}

const messages: Readonly<Record<RefusalReason, (partitions: string) => string>> = {
  starting: () => 'the aggregator is catching up',
  'not-served': (partitions) => `partition ${partitions} is not served here`,
  behind: (partitions) => `partition ${partitions} has not been applied as far as is demanded`,
  'out-of-touch': (partitions) => `partition ${partitions} may be newer on the log`,
};

/** What questions are answered from. */
export interface Shown {
  /** Undefined until the states have caught up once. */
  readonly shown: Generation | undefined;
  /** All that are to be served, refused ones too. */
  readonly served: readonly number[];
  readonly freshness: Pick<Freshness, 'isInTouch'>;
  readonly waiters: Waiters;
}

export interface Admitted {
  readonly generation: Generation;
  readonly partitions: readonly number[];
  /** The partitions where searches are to be confined to them. */
  readonly shards: readonly number[] | undefined;
  /** Of what was read just now: nothing at or behind these is in it. */
  positions(): readonly PartitionOffset[];
}

/** Whether the question can be answered as it demands; waits where it allows to. @throws Refused */
export async function admit(shown: Shown, demands: Demands): Promise<Admitted> {
  const withinMs = Math.min(demands.withinMs ?? 0, WITHIN_MS_MAX);
  const behind = behindOf(shown, demands);
  if (behind.length > 0 && withinMs > 0) {
    await Promise.all(behind.map(([partition, position]) => shown.waiters.wait(partition, position - 1, withinMs)));
    // What is shown may be another generation by now.
    const still = behindOf(shown, demands);
    if (still.length > 0) throw new Refused('behind', still.map(partitionOf));
  } else if (behind.length > 0) throw new Refused('behind', behind.map(partitionOf));
  return admitted(shown, demands);
}

const partitionOf = ([partition]: PartitionOffset) => partition;

function askedOf(shown: Shown, { partitions }: Demands): readonly number[] {
  return partitions?.map(partitionOf) ?? shown.served;
}

/** The positions that are demanded and not reached. @throws Refused for all other reasons */
function behindOf(shown: Shown, demands: Demands): readonly PartitionOffset[] {
  const asked = askedOf(shown, demands);
  const { shown: generation } = shown;
  if (!generation) throw new Refused('starting', asked);
  const strange = asked.filter((partition) => !generation.partition(partition));
  if (strange.length > 0) throw new Refused('not-served', strange);
  if (demands.inTouch) {
    const away = asked.filter((partition) => !shown.freshness.isInTouch(partition));
    if (away.length > 0) throw new Refused('out-of-touch', away);
  }
  return demands.partitions?.filter(([partition, position]) => generation.published(partition) < position) ?? [];
}

function admitted(shown: Shown, demands: Demands): Admitted {
  const { shown: generation } = shown;
  const partitions = askedOf(shown, demands);
  if (!generation) throw new Refused('starting', partitions);
  return {
    generation,
    partitions,
    shards: generation.isWhole(partitions) ? undefined : partitions,
    positions: () => partitions.map((partition) => [partition, generation.newest(partition)]),
  };
}
