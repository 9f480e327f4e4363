import { shownDeliveryState } from './delivery-state';
import { nestEntries, nestMetadata, parseLeaf } from './metadata';
import { contactAvatarOf, contactNameOf, displayNameOf, shownLeaves } from './shown-metadata';
import type { ConversationState, MessageState } from './state';
import type { ConversationView, Json, JsonObject, MessageView, SenderView } from './views';

/** @param lastMessage the message that `state.lastMessageId` names: what has none yet is not visible */
export function viewConversation(state: ConversationState, lastMessage: MessageState): ConversationView {
  return {
    id: state.id,
    accountId: state.accountId,
    number: state.number,
    channelId: state.channelId,
    source: state.source,
    sourceConversationId: state.sourceConversationId,
    sourceContactId: state.sourceContactId,
    createdAt: state.createdAt,
    lastMessageAt: state.lastMessageAt,
    displayName: displayNameOf(state),
    unreadCount: state.unreadCount,
    messageCount: state.messageCount,
    state: state.state,
    tagIds: state.tagIds,
    metadata: nestEntries(shownLeaves(state)),
    lastMessage: viewMessage(lastMessage, state),
    version: state.version,
  };
}

/** The view also depends on the conversation: watermarks, what was read, and the contact's name. */
export function viewMessage(message: MessageState, conversation: ConversationState): MessageView {
  return {
    id: message.id,
    conversationId: message.conversationId,
    channelId: message.channelId,
    source: message.source,
    sourceMessageId: message.sourceMessageId,
    content: contentOf(message),
    text: message.text,
    supported: message.supported,
    deliveryState: shownDeliveryState(message, conversation),
    fromContact: message.fromContact,
    sentAt: message.sentAt,
    metadata: metadataOf(message, conversation),
    sender: senderOf(message, conversation),
    headers: message.headers,
  };
}

function senderOf(message: MessageState, conversation: ConversationState): SenderView {
  return message.fromContact
    ? { id: message.senderId, name: contactNameOf(conversation), avatarUrl: contactAvatarOf(conversation) }
    : { id: message.senderId, name: message.senderName, avatarUrl: null };
}

function metadataOf(message: MessageState, { readSequence }: ConversationState): JsonObject {
  if (!message.fromContact || message.sequence >= readSequence) return nestMetadata(message.metadata);
  return nestMetadata({ ...message.metadata, user_read: String(message.sentAt) });
}

const REPLACED_URL_PREFIX = 'data_';
/** A short text that stands often, and a long one in its place, would grow beyond all memory. */
const REPLACED_CHARACTERS_MAX = 4_000_000;

/** `data_<url>` metadata tells where to find what lay at a url of the source's, which expires. */
function contentOf({ content, metadata }: MessageState): Json {
  let shown = content;
  for (const [key, text] of Object.entries(metadata)) {
    if (!key.startsWith(REPLACED_URL_PREFIX) || key.length === REPLACED_URL_PREFIX.length) continue;
    const value = parseLeaf(text);
    if (typeof value !== 'string') continue;
    shown = replaced(shown, asJsonText(key.slice(REPLACED_URL_PREFIX.length)), asJsonText(value));
  }
  return parseContent(shown);
}

/** The text itself where it would become too long. */
function replaced(text: string, old: string, by: string): string {
  const parts = text.split(old);
  const length = text.length + (parts.length - 1) * (by.length - old.length);
  return length > text.length && length > REPLACED_CHARACTERS_MAX ? text : parts.join(by);
}

/** As it stands between the quotes of JSON text, so that no value can end the text that it is put into. */
function asJsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function parseContent(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    // Content is whatever the source sent: what is no JSON is shown as it came.
    return text;
  }
}
