/** A server that may answer for some partitions. */
export interface Candidate<S> {
  readonly server: S;
  /** How bad it would be to ask it about the partition, 0 for not at all; undefined if it can't answer for it. */
  readonly penalty: (partition: number) => number | undefined;
}

export interface Assignment<S> {
  readonly server: S;
  /** In the order asked for. */
  readonly partitions: readonly number[];
}

export interface Cover<S> {
  /** Together they have each covered partition exactly once: one served twice would be counted twice. */
  readonly assignments: readonly Assignment<S>[];
  /** Partitions that nobody can answer for. */
  readonly uncovered: readonly number[];
}

/**
 * Who is asked about what: each partition goes to one of the servers with the least penalty for it, and among those to
 * the one that takes the most partitions; where that is even, to the first. So it is always the same one, while nothing
 * changes: the one that applied a write is asked for the next read too.
 */
export function coverOf<S>(candidates: readonly Candidate<S>[], partitions: readonly number[]): Cover<S> {
  const able = candidates.map(({ server }) => ({ server, partitions: new Set<number>() }));
  const left = new Set<number>();
  for (const partition of partitions) {
    const penalties = candidates.map(({ penalty }) => penalty(partition) ?? Number.POSITIVE_INFINITY);
    const least = Math.min(...penalties);
    if (least === Number.POSITIVE_INFINITY) continue;
    left.add(partition);
    for (const [at, penalty] of penalties.entries()) if (penalty === least) able[at]?.partitions.add(partition);
  }
  const uncovered = partitions.filter((partition) => !left.has(partition));
  const assignments: Assignment<S>[] = [];
  while (left.size > 0) {
    let best: Assignment<S> | undefined;
    for (const { server, partitions: all } of able) {
      const takes = [...left].filter((partition) => all.has(partition));
      if (takes.length > (best?.partitions.length ?? 0)) best = { server, partitions: takes };
    }
    if (!best) break;
    for (const partition of best.partitions) left.delete(partition);
    assignments.push(best);
  }
  return { assignments, uncovered };
}
