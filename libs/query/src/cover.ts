/** Replicas: aggregators that serve the very same partitions. */
export interface ReplicaSet<S> {
  readonly partitions: readonly number[];
  /** In the configured order. */
  readonly servers: readonly S[];
}

/**
 * Replica sets that together serve each partition exactly once: a partition served twice over would be counted twice.
 * Larger sets go first. Returns what is left uncovered too.
 */
export function coverOf<S>(
  serving: ReadonlyMap<S, readonly number[]>,
  partitions: number,
): { sets: readonly ReplicaSet<S>[]; uncovered: readonly number[] } {
  const replicas = new Map<string, { partitions: readonly number[]; servers: S[] }>();
  for (const [server, served] of serving) {
    if (served.length === 0) continue;
    const sorted = [...served].sort((a, b) => a - b);
    const name = sorted.join(',');
    const set = replicas.get(name) ?? { partitions: sorted, servers: [] };
    set.servers.push(server);
    replicas.set(name, set);
  }
  const uncovered = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  const sets: ReplicaSet<S>[] = [];
  for (const set of [...replicas.values()].sort((a, b) => b.partitions.length - a.partitions.length)) {
    if (!set.partitions.every((partition) => uncovered.has(partition))) continue;
    for (const partition of set.partitions) uncovered.delete(partition);
    sets.push(set);
  }
  return { sets, uncovered: [...uncovered] };
}
