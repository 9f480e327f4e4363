import { isLogError, LogError } from '../errors';
import type { GroupLag, Offset } from '../port';
import type { Cluster } from './cluster';
import { askCoordinator } from './coordinator';
import { BrokerError, isBrokerError } from './errors';
import { outOfRange } from './fetcher';
import type { Partitions } from './group-protocol';
import { describeGroupRequest, offsetCommitRequest, offsetFetchRequest } from './group-requests';
import { listOffsets } from './offsets';
import { patiently } from './patience';

/** Offsets by partition, by topic. */
export type Offsets = ReadonlyMap<string, ReadonlyMap<number, Offset>>;

/** What brokers answer for a partition that the group never committed. */
const NONE = -1;

/**
 * Committed offsets; partitions that the group never committed are left out. Names are those on the broker.
 * @throws LOG_UNAVAILABLE
 */
export function fetchCommitted(cluster: Cluster, group: string, partitions: Partitions | 'all'): Promise<Offsets> {
  return patiently(cluster.signal, async () => {
    const request = offsetFetchRequest(group, partitions);
    const { errorCode, responses } = await askCoordinator(cluster, group, request, (answer) => answer.errorCode);
    if (errorCode !== 0) throw new BrokerError(errorCode);
    const committed = new Map<string, Map<number, Offset>>();
    for (const { topic, partitions: found } of responses) {
      const offsets = new Map<number, Offset>();
      for (const { partition, offset, errorCode: code } of found) {
        if (code !== 0) throw new BrokerError(code);
        if (Number(offset) !== NONE) offsets.set(partition, Number(offset));
      }
      if (offsets.size > 0) committed.set(topic, offsets);
    }
    return committed;
  });
}

/** As `Log.committed`. @throws UNKNOWN_TOPIC, LOG_UNAVAILABLE */
export async function committed(cluster: Cluster, group: string, topic: string): Promise<ReadonlyMap<number, Offset>> {
  const { prefix } = cluster;
  const partitions = [...(await cluster.leaders(prefix + topic)).keys()];
  const offsets = await fetchCommitted(cluster, prefix + group, new Map([[prefix + topic, partitions]]));
  return offsets.get(prefix + topic) ?? new Map();
}

/** As `Log.resetOffsets`. @throws UNKNOWN_TOPIC, OFFSET_OUT_OF_RANGE, GROUP_ACTIVE, LOG_UNAVAILABLE */
export async function resetOffsets(
  cluster: Cluster,
  group: string,
  topic: string,
  offsets: ReadonlyMap<number, Offset>,
): Promise<void> {
  const { prefix } = cluster;
  const [starts, ends] = [
    await listOffsets(cluster, prefix + topic, 'start'),
    await listOffsets(cluster, prefix + topic, 'end'),
  ];
  for (const [partition, offset] of offsets) {
    const [start = 0, end = -1] = [starts.get(partition), ends.get(partition)];
    if (offset < start || offset > end) throw outOfRange({ topic, partition, offset, start, end });
  }
  // The broker refuses it too where there are members, but not while they join.
  const { groups } = await patiently(cluster.signal, () =>
    askCoordinator(
      cluster,
      prefix + group,
      describeGroupRequest(prefix + group),
      (answer) => answer.groups[0]?.errorCode ?? 0,
    ),
  );
  const member = groups[0]?.members[0]?.memberId;
  if (member !== undefined) throw groupActive(group, member);
  await patiently(cluster.signal, async () => {
    const outside = { group: prefix + group, memberId: '', generation: -1, instanceId: null };
    const places = [...offsets].map(([partition, offset]) => ({ topic: prefix + topic, partition, offset }));
    const request = offsetCommitRequest(outside, places);
    const code = await askCoordinator(cluster, prefix + group, request, (answer) => answer);
    if (code === 0) return;
    const error = new BrokerError(code);
    throw isBrokerError(error, 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION') ? groupActive(group, undefined) : error;
  });
}

/** As `Log.lag`. Topics that are gone are left out. @throws LOG_UNAVAILABLE */
export async function lag(cluster: Cluster, group: string): Promise<readonly GroupLag[]> {
  const { prefix } = cluster;
  const offsets = await fetchCommitted(cluster, prefix + group, 'all');
  const own = [...offsets].filter(([topic]) => topic.startsWith(prefix));
  const lags = await Promise.all(
    own.map(async ([topic, byPartition]) => {
      const ends = await listOffsets(cluster, topic, 'end').catch((error: unknown) => {
        if (isLogError(error, 'UNKNOWN_TOPIC')) return undefined;
        throw error;
      });
      return [...byPartition]
        .filter(([partition]) => ends?.has(partition))
        .sort(([a], [b]) => a - b)
        .map(([partition, offset]) => ({
          topic: topic.slice(prefix.length),
          partition,
          offset,
          lag: Math.max(0, (ends?.get(partition) ?? offset) - offset),
        }));
    }),
  );
  return lags.flat();
}

function groupActive(group: string, member: string | undefined): LogError {
  return new LogError('GROUP_ACTIVE', `group ${group} has members; end them first`, { group, member });
}
