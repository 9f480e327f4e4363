/** Members of a group by id; each with the partition counts of the topics it takes part in. */
export type Subscriptions = ReadonlyMap<string, Readonly<Record<string, number>>>;

/**
 * Shares partitions out: each goes to the subscriber that has fewest so far, ties by id. The same members give the
 * same shares in every process.
 * @returns owner by topic and partition
 */
export function shareOut(members: Subscriptions): Map<string, string[]> {
  const ids = [...members.keys()].sort();
  const partitionsOf = new Map<string, number>();
  for (const topics of members.values()) {
    for (const [topic, partitions] of Object.entries(topics)) partitionsOf.set(topic, partitions);
  }
  const load = new Map(ids.map((id) => [id, 0]));
  const shares = new Map<string, string[]>();
  for (const topic of [...partitionsOf.keys()].sort()) {
    const subscribers = ids.filter((id) => members.get(id)?.[topic] !== undefined);
    const owners: string[] = [];
    for (let partition = 0; partition < (partitionsOf.get(topic) ?? 0); partition++) {
      const owner = subscribers.reduce((best, id) => ((load.get(id) ?? 0) < (load.get(best) ?? 0) ? id : best));
      load.set(owner, (load.get(owner) ?? 0) + 1);
      owners.push(owner);
    }
    shares.set(topic, owners);
  }
  return shares;
}
