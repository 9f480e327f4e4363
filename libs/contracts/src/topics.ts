import type { RecordTypes } from './generated/schemas';

export type RecordName = keyof RecordTypes;

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Topic<R extends RecordName = RecordName> {
  readonly name: string;
  /** What the record key is. */
  readonly key: string;
  readonly records: readonly R[];
  /** `single`: one partition, read whole by whoever needs it; `configured`: PARTITIONS, fixed when it is made. */
  readonly partitions: 'single' | 'configured';
  readonly cleanup: 'delete' | 'compact';
  /** null: for ever. */
  readonly retentionMs: number | null;
  readonly about: string;
}

function topic<const R extends RecordName>(spec: Topic<R>): Topic<R> {
  return spec;
}

/** Event types of the conversation log, in the words of `schemas/`. */
export const conversationEventNames = [
  'MessageReceived',
  'MessageSubmitted',
  'MessageDeliveryChanged',
  'DeliveryWatermarkReached',
  'MessageMetadataChanged',
  'ConversationMetadataChanged',
  'ConversationRead',
  'ConversationTagged',
  'ConversationUntagged',
  'ConversationStateSet',
  'ConversationStateRemoved',
  'ContactRefetchRequested',
] as const satisfies readonly RecordName[];

/** Every topic but the sources' own and the dead letters, which are made from these by `rawTopic` and `deadLetterTopic`. */
export const topics = {
  conversationEvents: topic({
    name: 'communication.conversation-events',
    key: 'conversation id',
    records: conversationEventNames,
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: null,
    about: 'every fact about a conversation, in order: the truth',
  }),
  conversations: topic({
    name: 'communication.conversations',
    key: 'conversation id',
    records: ['Conversation'],
    partitions: 'configured',
    cleanup: 'compact',
    retentionMs: null,
    about: 'newest state of each conversation, for anyone’s own consumers',
  }),
  channels: topic({
    name: 'communication.channels',
    key: 'channel id',
    records: ['Channel'],
    partitions: 'single',
    cleanup: 'compact',
    retentionMs: null,
    about: 'newest state of each channel',
  }),
  tags: topic({
    name: 'communication.tags',
    key: 'tag id',
    records: ['Tag'],
    partitions: 'single',
    cleanup: 'compact',
    retentionMs: null,
    about: 'tags; a tombstone deletes one',
  }),
  sources: topic({
    name: 'communication.sources',
    key: '<account id>/<source id>',
    records: ['Source'],
    partitions: 'single',
    cleanup: 'compact',
    retentionMs: null,
    about: 'custom sources; a tombstone deletes one and its token',
  }),
  accounts: topic({
    name: 'communication.accounts',
    key: 'account id',
    records: ['Account'],
    partitions: 'single',
    cleanup: 'compact',
    retentionMs: null,
    about: 'tenants',
  }),
  idempotentResponses: topic({
    name: 'api.idempotent-responses',
    key: 'uuid of account, caller, path and Idempotency-Key',
    records: ['IdempotentResponse'],
    partitions: 'single',
    cleanup: 'delete',
    retentionMs: 7 * DAY_MS,
    about: 'what writes with an Idempotency-Key answered',
  }),
} as const;

/** Requests of one source as received: `source.<source>.events`. Kept for ever, so that a mended adapter can be replayed. */
export function rawTopic(source: string): Topic<'RawWebhook'> {
  return topic({
    name: `source.${source}.events`,
    key: 'what the source orders by: page, phone numbers, conversation or source',
    records: ['RawWebhook'],
    partitions: 'configured',
    cleanup: 'delete',
    retentionMs: null,
    about: `webhooks of ${source}, untouched`,
  });
}

/** Where records of a topic go that could not be decoded, mapped or applied. */
export function deadLetterTopic(of: string): Topic<'DeadLetter'> {
  return topic({
    name: `${of}.dead-letters`,
    key: 'key of the record that failed',
    records: ['DeadLetter'],
    partitions: 'single',
    cleanup: 'delete',
    retentionMs: null,
    about: `records of ${of} that could not be used, with the reason`,
  });
}

/** Where records of the conversation log go that can't be decoded or applied. */
export const conversationDeadLetters = deadLetterTopic(topics.conversationEvents.name);

/** What one source needs: its raw topic, and where its unusable records go. */
export function topicsOfSource(source: string): readonly Topic[] {
  const raw = rawTopic(source);
  return [raw, deadLetterTopic(raw.name)];
}

/**
 * Every topic of an installation that has these sources. Deploying makes them and registers their schemas; whatever a
 * service reads or writes is among them.
 */
export function allTopics(sources: readonly string[]): readonly Topic[] {
  return [...Object.values(topics), conversationDeadLetters, ...sources.flatMap(topicsOfSource)];
}

const RAW = /^source\.(.+)\.events$/;

/** Name of the source that a raw topic is of; undefined for other topics. */
export function sourceOfRawTopic(name: string): string | undefined {
  return RAW.exec(name)?.[1];
}

const RAW_OR_ITS_DEAD_LETTERS = /^(source\..+\.events)(?:\.dead-letters)?$/;
const listed = new Set(allTopics([]).map(({ name }) => name));

/** Whether the topic is among allTopics, of whatever sources. */
export function isListed(name: string): boolean {
  return listed.has(name) || RAW_OR_ITS_DEAD_LETTERS.test(name);
}

/** The topic as the log is told to make it. Shaped as the log port's TopicSpec. */
export function topicSpec(of: Topic, configuredPartitions: number) {
  return {
    name: of.name,
    partitions: of.partitions === 'single' ? 1 : configuredPartitions,
    cleanup: of.cleanup,
    retentionMs: of.retentionMs,
  } as const;
}
