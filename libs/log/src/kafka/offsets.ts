import type { Offset } from '../port';
import type { Cluster } from './cluster';
import { BrokerError, isRefusal, refused, unavailable } from './errors';
import { patiently } from './patience';
import { type ApiRequest, kafkajsRequest } from './request';

export type OffsetSpec = 'start' | 'end' | { readonly timestamp: number };

interface ListOffsetsAnswer {
  readonly responses: readonly {
    topic: string;
    partitions: readonly { partition: number; errorCode: number; offset: string }[];
  }[];
}

/** Protocol's names for places: ListOffsets request, field `timestamp`. */
const LATEST = -1;
const EARLIEST = -2;
/** `end` is the last stable offset: what readers, who read committed records alone, can get to. */
const READ_COMMITTED = 1;
const NOT_FOUND = -1;

/**
 * Offsets of the topic's partitions, of all where none are named. `end` stands for a time that no record has reached.
 * @param topic name on the broker
 * @throws UNKNOWN_TOPIC, LOG_UNAVAILABLE
 */
export async function listOffsets(
  cluster: Cluster,
  topic: string,
  at: OffsetSpec,
  partitions?: readonly number[],
): Promise<ReadonlyMap<number, Offset>> {
  const found = await patiently(cluster.signal, () => ask(cluster, topic, at, partitions));
  const missing = [...found].filter(([, offset]) => offset === NOT_FOUND).map(([partition]) => partition);
  if (missing.length === 0) return found;
  const ends = await patiently(cluster.signal, () => ask(cluster, topic, 'end', missing));
  return new Map([...found].map(([partition, offset]) => [partition, ends.get(partition) ?? offset]));
}

async function ask(
  cluster: Cluster,
  topic: string,
  at: OffsetSpec,
  partitions?: readonly number[],
): Promise<ReadonlyMap<number, Offset>> {
  const leaders = await cluster.leaders(topic);
  const byNode = new Map<number, number[]>();
  for (const partition of partitions ?? leaders.keys()) {
    const leader = leaders.get(partition);
    if (leader === undefined) throw new RangeError(`${topic} has no partition ${partition}`);
    byNode.set(leader, [...(byNode.get(leader) ?? []), partition]);
  }
  const answers = await Promise.all(
    [...byNode].map(async ([node, own]) => {
      try {
        if (node < 0) throw unavailable(`${topic}/${own.join()} has no leader`, undefined, { topic, partitions: own });
        return await (await cluster.control(node)).send(request(topic, own, at));
      } catch (error) {
        for (const partition of own) cluster.stale(topic, partition);
        throw error;
      }
    }),
  );
  const all = answers.flatMap(({ responses }) => responses.flatMap((response) => response.partitions));
  const found = new Map<number, Offset>();
  for (const { partition, errorCode, offset } of all.sort((a, b) => a.partition - b.partition)) {
    if (errorCode !== 0) {
      cluster.stale(topic, partition);
      const error = new BrokerError(errorCode);
      const what = `offsets of ${topic}/${partition}`;
      throw (isRefusal(error) ? refused : unavailable)(what, error, { topic, partition });
    }
    found.set(partition, Number(offset));
  }
  return found;
}

function request(topic: string, partitions: readonly number[], at: OffsetSpec): ApiRequest<ListOffsetsAnswer> {
  const timestamp = at === 'start' ? EARLIEST : at === 'end' ? LATEST : at.timestamp;
  return kafkajsRequest(
    'ListOffsets',
    {
      replicaId: -1,
      isolationLevel: READ_COMMITTED,
      topics: [{ topic, partitions: partitions.map((partition) => ({ partition, timestamp })) }],
    },
    { codes: 'keep' },
  );
}
