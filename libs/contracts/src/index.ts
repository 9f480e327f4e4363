export { Codec, CodecError, type Named } from './codec';
export { incompatibilities, isSameSchema } from './compatibility';
export { type RecordTypes, schemas } from './generated/schemas';
export type {
  Account,
  Channel,
  ContactRefetchRequested,
  Conversation,
  ConversationMetadataChanged,
  ConversationRead,
  ConversationStateRemoved,
  ConversationStateSet,
  ConversationTagged,
  ConversationUntagged,
  DeadLetter,
  DeliveryWatermarkReached,
  IdempotentResponse,
  MessageDeliveryChanged,
  MessageMetadataChanged,
  MessageReceived,
  MessageSubmitted,
  RawWebhook,
  Source,
  Tag,
} from './generated/types';
export { type ConsumerGroup, type ConsumerGroupName, consumerGroups } from './groups';
export { ids, isUuid } from './ids';
export {
  isRegistryError,
  RegistryError,
  type RegistryErrorCode,
  type SchemaRegistrar,
  type SchemaRegistry,
} from './registry';
export { type RegisteredSchema, registerSchemas, subjectOf } from './subjects';
export {
  allTopics,
  conversationDeadLetters,
  conversationEventNames,
  deadLetterTopic,
  type RecordName,
  rawTopic,
  sourceOfRawTopic,
  type Topic,
  topicSpec,
  topics,
  topicsOfSource,
} from './topics';

import type { Named } from './codec';
import type { conversationEventNames } from './topics';

export type ConversationEventName = (typeof conversationEventNames)[number];
/** An event of the conversation log, told apart by `type`. */
export type ConversationEvent = Named<ConversationEventName>;
