export { Codec, CodecError, type Named } from './codec';
export { incompatibilities } from './compatibility';
export type { RecordTypes } from './generated/schemas';
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
export { ids, isUuid } from './ids';
export type { SchemaRegistry } from './registry';
export {
  conversationEventNames,
  deadLetterTopic,
  type RecordName,
  rawTopic,
  type Topic,
  topicSpec,
  topics,
} from './topics';

import type { Named } from './codec';
import type { conversationEventNames } from './topics';

export type ConversationEventName = (typeof conversationEventNames)[number];
/** An event of the conversation log, told apart by `type`. */
export type ConversationEvent = Named<ConversationEventName>;
