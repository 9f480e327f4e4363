import type { IncomingHttpHeaders } from 'node:http';
import type { Channel, ConversationEvent, RawWebhook } from '@parley/contracts';
import type { TObject } from '@sinclair/typebox';
import type { ProviderClient } from './provider-client';

/** What the environment tells about the providers; a null secret switches its source off. */
export interface ProviderSettings {
  readonly facebook: {
    readonly appId: string | null;
    readonly appSecret: string | null;
    readonly webhookSecret: string | null;
    /** Base URL of the Graph API, without a version and a slash at the end. */
    readonly apiUrl: string;
  };
  readonly twilio: {
    readonly accountSid: string | null;
    readonly authToken: string | null;
    readonly apiUrl: string;
  };
}

/** One source, all of it. A further source is one folder that exports this, and one line in `registry.ts`. */
export interface SourceAdapter {
  /** Names the raw topic `source.<name>.events`. */
  readonly name: string;
  /** Sources that its channels have. Empty for the adapter of all custom sources. */
  readonly sources: readonly string[];
  /** The provider's endpoint; null where requests come in over an endpoint with a token of our own. */
  readonly webhook: ProviderWebhook | null;
  readonly map: MapRaw;
  /** By source: what `channels.<source>.connect` does. */
  readonly connect: Readonly<Record<string, ConnectChannel>>;
  /** Finds the pages that a token can connect; null where the source has no such thing. */
  readonly explore: ExploreChannels | null;
  /** Asks the provider who a contact is; null where it can't be asked. */
  readonly profile: FetchProfile | null;
}

// --- In: a request of the provider ---------------------------------------------------------------------------------

export interface WebhookRequest {
  readonly headers: IncomingHttpHeaders;
  /** The URL that the provider called, with its query. */
  readonly publicUrl: string;
  /** Byte for byte: signatures are over these. */
  readonly body: Buffer;
}

export type Verdict = 'valid' | 'missing' | 'invalid';

export interface ProviderWebhook {
  /** For example `/facebook`. */
  readonly path: string;
  /** False if the settings lack its secret: the endpoint is not there (404). */
  enabled(settings: ProviderSettings): boolean;
  /** Compares in constant time. `missing`: there is no signature at all. */
  verify(request: WebhookRequest, settings: ProviderSettings): Verdict;
  /** Record key: requests that share it stay in order. Null if the body tells nothing. Never throws. */
  orderingKey(body: Buffer): string | null;
  /** What GET answers to the provider's verification; null refuses it (403). Absent: there is no GET. */
  readonly challenge?: (query: URLSearchParams, settings: ProviderSettings) => string | null;
}

// --- Mapping: a raw request to events ------------------------------------------------------------------------------

export interface MapContext {
  /** `<topic>/<partition>/<offset>` of the raw record. */
  readonly cause: string;
}

/**
 * Pure: the same record gives the same items, whatever its bytes are; what can't be used becomes a fault and nothing
 * is thrown. Items are in the order in which they take effect.
 */
export type MapRaw = (raw: RawWebhook, context: MapContext) => readonly MappedItem[];

/** How an item names its channel. A null account is whichever has the channel connected. */
export type ChannelRef =
  | { readonly by: 'id'; readonly channelId: string }
  | {
      readonly by: 'source';
      readonly source: string;
      readonly sourceChannelId: string;
      readonly accountId: number | null;
    };

/** `path` names the part of the request, for example `entry.0.messaging.3`; empty is all of it. */
export type MappedItem =
  | {
      readonly kind: 'channel';
      readonly path: string;
      readonly channel: ChannelRef;
      /** Where message ids are not made from the conversation: the first conversation to have the message keeps it. */
      readonly claims?: MessageClaim;
      readonly events: EventsOfChannel;
    }
  /** Needs no channel. */
  | { readonly kind: 'events'; readonly path: string; readonly events: readonly ConversationEvent[] }
  /** About a message that is known by its id alone, which may come later. */
  | {
      readonly kind: 'of-message';
      readonly path: string;
      readonly messageId: string;
      readonly events: (conversationId: string) => readonly ConversationEvent[];
    }
  | { readonly kind: 'fault'; readonly path: string; readonly reason: FaultReason; readonly detail: string }
  /** Known, and of no use here. */
  | { readonly kind: 'ignored'; readonly path: string; readonly reason: string };

export interface MessageClaim {
  readonly messageId: string;
  readonly conversationId: string;
}

export type EventsOfChannel = (channel: Channel) => readonly ConversationEvent[];

/** Why a part of a request became a dead letter. `detail` beside it never holds contents. */
export type FaultReason = 'BAD_BODY' | 'BAD_ITEM' | 'UNKNOWN_KIND';

// --- Channels and contacts -----------------------------------------------------------------------------------------

export interface Provider {
  readonly client: ProviderClient;
  readonly settings: ProviderSettings;
}

/**
 * PROVIDER_REFUSED      the provider said no; message is its own text
 * PROVIDER_UNAVAILABLE  no answer, or none that makes sense; may go through later
 * SOURCE_OFF            the settings lack what the source needs
 */
export interface ProviderFault {
  readonly ok: false;
  readonly code: 'PROVIDER_REFUSED' | 'PROVIDER_UNAVAILABLE' | 'SOURCE_OFF';
  readonly message: string;
}

export interface ConnectedChannel {
  readonly ok: true;
  readonly sourceChannelId: string;
  /** As in Channel.metadata: dotted key to JSON text; `name` is always there. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The provider's token for this channel; null where it needs none. */
  readonly token: string | null;
}

export interface ConnectChannel {
  /** Of the request body; further fields are ignored. */
  readonly request: TObject;
  /** @param request has passed the schema. Connecting the same thing again gives the same sourceChannelId. */
  readonly connect: (request: unknown, provider: Provider) => Promise<ConnectedChannel | ProviderFault>;
}

export interface ExploredChannel {
  readonly sourceChannelId: string;
  readonly name: string;
  readonly imageUrl: string | null;
}

export type ExploreChannels = (
  token: string,
  provider: Provider,
) => Promise<{ readonly ok: true; readonly channels: readonly ExploredChannel[] } | ProviderFault>;

export interface ContactProfile {
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** @returns null if the provider answers that it knows nothing of the contact */
export type FetchProfile = (
  contactId: string,
  channel: Channel,
  provider: Provider,
) => Promise<{ readonly ok: true; readonly profile: ContactProfile | null } | ProviderFault>;
