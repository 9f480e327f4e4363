import type { Offset } from '../port';
import type { Partitions } from './group-protocol';
import { Decoder, Encoder } from './kafkajs';
import { type ApiRequest, kafkajsRequest, ownRequest } from './request';

/** Requests to a group's coordinator. Answers come with their codes: most of them are no failures but turns. */

const PROTOCOL_TYPE = 'consumer';
const PROTOCOL_NAME = 'parley';
/** The first with the instance id. */
const OFFSET_COMMIT_VERSION = 7;

/** A member, as of one generation of the group. Before it has joined: '' and -1. */
export interface MemberRef {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
  /** Of a static member; else null. */
  readonly instanceId: string | null;
}

export interface TopicOffset {
  /** Name on the broker. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
}

export interface JoinAnswer {
  readonly errorCode: number;
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberId: string;
  /** All members, if this one leads the group; else none. */
  readonly members: readonly { memberId: string; memberMetadata: Buffer }[];
}

export function joinRequest(
  member: MemberRef,
  options: { readonly subscription: Buffer; readonly sessionTimeoutMs: number; readonly rebalanceTimeoutMs: number },
): ApiRequest<JoinAnswer> {
  const { subscription, sessionTimeoutMs, rebalanceTimeoutMs } = options;
  return kafkajsRequest(
    'JoinGroup',
    {
      groupId: member.group,
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      protocolType: PROTOCOL_TYPE,
      groupProtocols: [{ name: PROTOCOL_NAME, metadata: subscription }],
    },
    { codes: 'keep' },
  );
}

/** @param shares  encoded assignments by member id; empty unless the member leads the group */
export function syncRequest(
  member: MemberRef,
  shares: ReadonlyMap<string, Buffer>,
): ApiRequest<{ readonly errorCode: number; readonly memberAssignment: Buffer | null }> {
  return kafkajsRequest(
    'SyncGroup',
    {
      groupId: member.group,
      generationId: member.generation,
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      groupAssignment: [...shares].map(([memberId, memberAssignment]) => ({ memberId, memberAssignment })),
    },
    { codes: 'keep' },
  );
}

export function heartbeatRequest(member: MemberRef): ApiRequest<{ readonly errorCode: number }> {
  return kafkajsRequest(
    'Heartbeat',
    {
      groupId: member.group,
      groupGenerationId: member.generation,
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
    },
    { codes: 'keep' },
  );
}

export function leaveRequest(member: MemberRef): ApiRequest<unknown> {
  return kafkajsRequest(
    'LeaveGroup',
    { groupId: member.group, memberId: member.memberId, groupInstanceId: member.instanceId },
    { codes: 'keep' },
  );
}

/** @returns the first error code, or 0 */
export function offsetCommitRequest(member: MemberRef, offsets: readonly TopicOffset[]): ApiRequest<number> {
  return ownRequest('OffsetCommit', OFFSET_COMMIT_VERSION, {
    encode: () => {
      const encoder = new Encoder()
        .writeString(member.group)
        .writeInt32(member.generation)
        .writeString(member.memberId)
        .writeString(member.instanceId)
        .writeInt32(offsets.length);
      for (const { topic, partition, offset } of offsets) {
        encoder
          .writeString(topic)
          .writeInt32(1)
          .writeInt32(partition)
          .writeInt64(offset)
          .writeInt32(-1) // leader epoch: not known
          .writeString('');
      }
      return encoder;
    },
    decode: (payload) => {
      const decoder = new Decoder(payload);
      decoder.readInt32(); // throttle time
      const codes = decoder.readArray(() => {
        decoder.readString();
        return decoder.readArray(() => {
          decoder.readInt32();
          return decoder.readInt16();
        });
      });
      return codes.flat().find((code) => code !== 0) ?? 0;
    },
  });
}

/** Committed offsets; of all topics that the group ever committed where none are named. -1: never committed. */
export function offsetFetchRequest(
  group: string,
  partitions: Partitions | 'all',
): ApiRequest<{
  readonly errorCode: number;
  readonly responses: readonly {
    topic: string;
    partitions: readonly { partition: number; offset: string; errorCode: number }[];
  }[];
}> {
  const topics = partitions === 'all' ? [] : [...partitions];
  return kafkajsRequest(
    'OffsetFetch',
    {
      groupId: group,
      topics: topics.map(([topic, numbers]) => ({ topic, partitions: numbers.map((partition) => ({ partition })) })),
    },
    { codes: 'keep' },
  );
}

export function describeGroupRequest(group: string): ApiRequest<{
  readonly groups: readonly { errorCode: number; state: string; members: readonly { memberId: string }[] }[];
}> {
  return kafkajsRequest('DescribeGroups', { groupIds: [group] }, { codes: 'keep' });
}
