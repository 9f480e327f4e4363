export { readVisitorContext, type VisitorContext, visitorContext } from './chatplugin/context';
export {
  type CustomMessage,
  type CustomMetadata,
  type ParsedRequest,
  parseSourceWebhook,
  type RequestFault,
  type SourceWebhookRequest,
} from './custom/request';
export { contentFault, textOfContent } from './json';
export type {
  ChannelRef,
  ConnectChannel,
  ConnectedChannel,
  ContactProfile,
  EventsOfChannel,
  ExploreChannels,
  ExploredChannel,
  FaultReason,
  FetchProfile,
  MapContext,
  MappedItem,
  MapRaw,
  MessageClaim,
  Provider,
  ProviderFault,
  ProviderSettings,
  ProviderWebhook,
  SourceAdapter,
  Verdict,
  WebhookRequest,
} from './port';
export { openProviderClient, type ProviderAnswer, type ProviderCall, type ProviderClient } from './provider-client';
export {
  adapterOfRaw,
  adapterOfSource,
  builtInAdapters,
  connectOf,
  isBuiltInSource,
  isCustomSourceName,
} from './registry';
export { hmac, sameText, verifyHub, verifyTwilio } from './signature';
