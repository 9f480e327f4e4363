export { canonical, canonicalConversation } from './canonical';
export { MetadataError, ReduceError } from './errors';
export { flattenMetadata, mergeMetadata, nestMetadata } from './metadata';
export { reduce } from './reduce';
export { findMessage } from './rows';
export { conversationFields, metadataFieldPrefix, searchFields } from './search-fields';
export { toSnapshot } from './snapshot';
export type {
  Changes,
  ConversationState,
  FlatMetadata,
  MessageAlias,
  MessageRow,
  MessageState,
  PendingMessage,
  StateReader,
} from './state';
export { viewConversation, viewMessage } from './view';
export type {
  ConversationView,
  DeliveryState,
  Json,
  JsonObject,
  MessageView,
  SenderView,
} from './views';
