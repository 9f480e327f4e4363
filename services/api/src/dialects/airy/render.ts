import type { Channel, Source, Tag } from '@parley/contracts';
import { type ConversationView, type MessageView, nestMetadata } from '@parley/conversations';

const NAME_CHARACTERS = 5;

/** `yyyy-MM-ddTHH:mm:ss.SSSZ`. */
export function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function channelMetadata(id: string, source: string, flat: Readonly<Record<string, string>>) {
  return { name: `${source} ${id.slice(-NAME_CHARACTERS)}`, ...nestMetadata(flat) };
}

/** Tokens are no part of it. */
export function renderChannel(channel: Channel) {
  return {
    id: channel.id,
    source: channel.source,
    source_channel_id: channel.sourceChannelId,
    connected: channel.connected,
    metadata: channelMetadata(channel.id, channel.source, channel.metadata),
  };
}

/** A channel that a conversation names and the table does not have: it was made elsewhere and is still to be read. */
function renderUnknownChannel(id: string, source: string) {
  return { id, source, source_channel_id: null, connected: false, metadata: channelMetadata(id, source, {}) };
}

export function renderMessage(message: MessageView) {
  const state = message.deliveryState.toUpperCase();
  const { id, name, avatarUrl } = message.sender;
  return {
    id: message.id,
    content: message.content,
    state,
    delivery_state: state,
    from_contact: message.fromContact,
    sent_at: timeText(message.sentAt),
    source: message.source,
    metadata: message.metadata,
    sender: { id, name, avatar_url: avatarUrl },
  };
}

export function renderConversation(view: ConversationView, channel: Channel | undefined) {
  return {
    id: view.id,
    created_at: timeText(view.createdAt),
    channel: channel ? renderChannel(channel) : renderUnknownChannel(view.channelId, view.source),
    metadata: view.metadata,
    last_message: renderMessage(view.lastMessage),
  };
}

export function renderTag({ id, name, color }: Tag) {
  return { id, name, color };
}

/** Without its token. */
export function renderSource(source: Source) {
  return {
    source_id: source.id,
    name: source.name,
    image_url: source.imageUrl,
    action_endpoint: source.actionEndpoint,
  };
}
