import type { Channel, ConversationEvent, RawWebhook } from '@parley/contracts';
import type { LogRecord } from '@parley/log';
import { adapterOfRaw, type MappedItem } from '@parley/sources';
import { type ChannelDirectory, channelKey } from './channel-directory';
import type { RawPlace, StateDraft } from './state';

/** One raw record with what its source's adapter made of it. */
export interface MappedRecord {
  readonly place: RawPlace;
  readonly record: LogRecord;
  readonly raw: RawWebhook;
  readonly items: readonly MappedItem[];
}

export interface RoutedEvent {
  readonly event: ConversationEvent;
  readonly topic: string;
  readonly record: LogRecord;
  readonly path: string;
}

export interface Rejected {
  readonly topic: string;
  readonly record: LogRecord;
  readonly path: string;
  /** Stable code: an adapter's FaultReason, or one of the router's own. */
  readonly reason: string;
  /** Without contents. */
  readonly detail: string;
}

/** What routing some records comes to: to be appended first, and the draft committed then. */
export interface Outcome {
  readonly events: RoutedEvent[];
  readonly rejected: Rejected[];
  readonly draft: StateDraft;
}

/**
 * all      every record is new, or may be
 * rebuild  the records were routed before, and only what was remembered of them is lost
 * parked   only parts that belong to a channel that has just been connected
 */
export type RouteMode =
  | { readonly kind: 'all' }
  | { readonly kind: 'rebuild' }
  | { readonly kind: 'parked'; readonly channel: Channel };

/** Maps a raw record. An adapter that throws is a fault like any other: the partition goes on. */
export function mapRecord(place: RawPlace, record: LogRecord, raw: RawWebhook): MappedRecord {
  const cause = `${place.topic}/${place.partition}/${place.offset}`;
  try {
    return { place, record, raw, items: adapterOfRaw(raw.source).map(raw, { cause }) };
  } catch (error) {
    const fault = { kind: 'fault', path: '', reason: 'BAD_BODY', detail: `mapping failed: ${nameOf(error)}` } as const;
    return { place, record, raw, items: [fault] };
  }
}

/** Whether all channels that the records name are known here; if not, the directory may have to catch up. */
export function knowsChannelsOf(records: readonly MappedRecord[], channels: ChannelDirectory): boolean {
  return records.every(({ items }) => items.every((item) => item.kind !== 'channel' || channels.find(item.channel)));
}

export function routeRecord(mapped: MappedRecord, channels: ChannelDirectory, mode: RouteMode, outcome: Outcome): void {
  mapped.items.forEach((item, index) => {
    routeItem({ item, index, mapped, channels, mode, outcome });
  });
}

/**
 * Whether a record must stay parked under a key though the channel has been connected: it is away again, or another
 * channel has what the key names. To be asked together with routing it, with nothing in between.
 */
export function staysParked(
  { items }: MappedRecord,
  key: string,
  channel: Channel,
  channels: ChannelDirectory,
): boolean {
  return items.some(
    (item) =>
      item.kind === 'channel' && channels.find(item.channel)?.id !== channel.id && channelKey(item.channel) === key,
  );
}

interface Routing {
  readonly item: MappedItem;
  readonly index: number;
  readonly mapped: MappedRecord;
  readonly channels: ChannelDirectory;
  readonly mode: RouteMode;
  readonly outcome: Outcome;
}

function routeItem(routing: Routing): void {
  const { item, mode } = routing;
  switch (item.kind) {
    case 'ignored':
      return;
    case 'fault':
      if (mode.kind === 'all') reject(routing, item.reason, item.detail);
      return;
    case 'events':
      if (mode.kind === 'all') emit(routing, item.events);
      return;
    case 'of-message':
      if (mode.kind !== 'parked') routeOfMessage(routing, item);
      return;
    case 'channel':
      routeOfChannel(routing, item);
      return;
  }
}

function routeOfMessage(routing: Routing, item: Extract<MappedItem, { kind: 'of-message' }>): void {
  const { draft } = routing.outcome;
  const conversationId = draft.conversationOf(item.messageId);
  if (conversationId === undefined) {
    // Whose it is comes with the message: until then it is kept under none.
    draft.wait(item.messageId, { ...routing.mapped.place, index: routing.index }, item.events(''));
  } else if (routing.mode.kind === 'all') {
    emit(routing, item.events(conversationId));
  }
}

function routeOfChannel(routing: Routing, item: Extract<MappedItem, { kind: 'channel' }>): void {
  const { mapped, channels, mode, outcome } = routing;
  const channel = channels.find(item.channel);
  if (mode.kind === 'parked' && channel?.id !== mode.channel.id) return;
  if (!channel) {
    const isNew = outcome.draft.park(channelKey(item.channel), mapped.place);
    if (isNew && mode.kind === 'all') {
      reject(routing, 'UNKNOWN_CHANNEL', 'no such channel is connected; used as soon as it is');
    }
    return;
  }
  const owner = item.claims && outcome.draft.conversationOf(item.claims.messageId);
  // A message that another conversation has already is that one's.
  if (owner !== undefined && owner !== item.claims?.conversationId) return;

  // A channel that changed since may have been away when the record came: what was parked for it is lost with the rest.
  const speaks = mode.kind !== 'rebuild' || channel.updatedAt >= mapped.raw.receivedAt;
  if (speaks && !emitBuilt(routing, () => item.events(channel))) return;
  if (!item.claims) return;
  const { messageId, conversationId } = item.claims;
  if (owner === undefined) outcome.draft.claim(messageId, conversationId);
  const waited = outcome.draft.takeWaiting(messageId);
  if (speaks)
    emit(
      routing,
      waited.map((event) => inConversation(event, conversationId)),
    );
}

function inConversation(event: ConversationEvent, conversationId: string): ConversationEvent {
  // Spreading a union loses which member it is.
  return { ...event, value: { ...event.value, conversationId } } as ConversationEvent;
}

function emit({ item, mapped, outcome }: Routing, events: readonly ConversationEvent[]): void {
  for (const event of events)
    outcome.events.push({ event, topic: mapped.place.topic, record: mapped.record, path: item.path });
}

/** False if the adapter could not build them: a fault of this part alone. */
function emitBuilt(routing: Routing, build: () => readonly ConversationEvent[]): boolean {
  try {
    emit(routing, build());
    return true;
  } catch (error) {
    reject(routing, 'BAD_ITEM', `mapping failed: ${nameOf(error)}`);
    return false;
  }
}

function reject({ item, mapped, outcome }: Routing, reason: string, detail: string): void {
  outcome.rejected.push({ topic: mapped.place.topic, record: mapped.record, path: item.path, reason, detail });
}

/** An error's text may quote what it choked on; its name does not. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown error';
}
