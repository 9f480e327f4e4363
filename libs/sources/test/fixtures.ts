import { type Channel, type ConversationEvent, ids, type RawWebhook } from '@parley/contracts';
import type { MappedItem } from '../src/port';

export const CAUSE = 'source.test.events/0/7';
export const RECEIVED_AT = 1_714_550_500_000;

export function channelOf(source: string, sourceChannelId: string, accountId = 1): Channel {
  return {
    id: ids.channel(accountId, source, sourceChannelId),
    accountId,
    source,
    sourceChannelId,
    connected: true,
    metadata: { name: '"Shop"' },
    token: null,
    createdAt: 1,
    updatedAt: 1,
  };
}

export function rawOf(source: string, body: string | object, more: Partial<RawWebhook> = {}): RawWebhook {
  return {
    id: 'r-1',
    source,
    accountId: null,
    receivedAt: RECEIVED_AT,
    contentType: 'application/json',
    query: '',
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    context: {},
    ...more,
  };
}

/** Events of all items that belong to a channel, as the router would build them. */
export function eventsIn(items: readonly MappedItem[], channel: Channel): readonly ConversationEvent[] {
  return items.flatMap((item) => (item.kind === 'channel' ? item.events(channel) : []));
}
