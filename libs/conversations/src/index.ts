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
export type {
  ConversationView,
  DeliveryState,
  Json,
  JsonObject,
  MessageView,
  SenderView,
} from './views';
