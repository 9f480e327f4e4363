import { ConfigError } from '@parley/service-kit';

export interface AggregatorSettings {
  /** null: all of the topic. */
  readonly partitions: readonly number[] | null;
  /** Ordinal among the instances that serve the same partitions; the first one publishes. */
  readonly replica: number;
}

function parsePartitions(text: string): readonly number[] {
  const partitions = new Set<number>();
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first) {
      throw new ConfigError([`AGGREGATOR_PARTITIONS: ${JSON.stringify(text)} is no list such as 0-2,5`]);
    }
    for (let partition = first; partition <= last; partition += 1) partitions.add(partition);
  }
  return [...partitions].sort((a, b) => a - b);
}

function parseReplica(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new ConfigError([`AGGREGATOR_REPLICA: ${JSON.stringify(text)} is no ordinal`]);
  return Number(text);
}

/**
 * Settings of this service alone.
 *
 * AGGREGATOR_PARTITIONS  partitions that this instance serves, for example `0-2,5`; unset: all
 * AGGREGATOR_REPLICA     0 (default) for the instance that writes the changelog and the dead letters of its
 *                        partitions; 1, 2, … for others that serve the same ones
 * @throws ConfigError
 */
export function aggregatorSettings(env: NodeJS.ProcessEnv): AggregatorSettings {
  const partitions = env.AGGREGATOR_PARTITIONS?.trim();
  return {
    partitions: partitions ? parsePartitions(partitions) : null,
    replica: parseReplica(env.AGGREGATOR_REPLICA?.trim() || '0'),
  };
}
