import { Codec, CodecError, type ConversationEvent, type ConversationEventName, topics } from '@parley/contracts';
import { type Changes, reduce } from '@parley/conversations';
import type { LogRecord, Offset } from '@parley/log';
import type { LogEnd } from '../log/ends';
import { batchesOf } from '../log/stream';
import { MemoryStates, type StateHash } from './memory-states';

export interface PartitionStates extends StateHash {
  readonly partition: number;
  /** Position up to which the log was folded. */
  readonly applied: Offset;
}

export interface FoldOptions {
  readonly end: LogEnd;
  /** Told of records that were folded. */
  readonly onRecords: (records: number, bytes: number) => void;
}

/**
 * What the conversation log comes to, partition by partition: the hash that every aggregator of it must have at the
 * same position. Holds the states of one partition in memory.
 */
export async function foldStates({ end, onRecords }: FoldOptions): Promise<readonly PartitionStates[]> {
  const topic = await end.log.describe(topics.conversationEvents.name);
  if (!topic) return [];
  const codec = await Codec.open(topics.conversationEvents, end.schemas);
  const folded: PartitionStates[] = [];
  for (const { partition, start, end: to } of topic.offsets) {
    const states = new MemoryStates(partition, topic.partitions);
    for await (const records of batchesOf(end.log, { topic: topic.name, partition, from: start, to })) {
      let bytes = 0;
      for (const record of records) {
        await apply(states, codec, record);
        bytes += record.value?.length ?? 0;
      }
      onRecords(records.length, bytes);
    }
    folded.push({ partition, applied: to, ...states.hash() });
  }
  return folded;
}

/** What can't be read or applied changes nothing, here as in the aggregator, which keeps it as a dead letter. */
async function apply(states: MemoryStates, codec: Codec<ConversationEventName>, record: LogRecord): Promise<void> {
  const event = record.value && (await decoded(codec, record.value));
  if (!event || record.key !== event.value.conversationId) return;
  let changes: Changes | undefined;
  try {
    changes = reduce(states, event, record.offset);
  } catch {
    // Pure: it fails wherever it is tried.
    return;
  }
  if (changes) states.apply(changes, event.value.eventId);
}

/** Undefined of what is no event. @throws REGISTRY_UNAVAILABLE, REGISTRY_REFUSED */
async function decoded(codec: Codec<ConversationEventName>, value: Buffer): Promise<ConversationEvent | undefined> {
  try {
    return codec.decodeSync(value) ?? (await codec.decode(value));
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
