export type {
  ConversationView,
  DeliveryState,
  Json,
  JsonObject,
  MessageView,
  SenderView,
} from './views';
