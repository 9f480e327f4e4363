import { displayNameOf, shownLeaves } from './shown-metadata';
import type { ConversationState, MessageState } from './state';
import type { Json } from './views';

type Value = string | number | readonly string[] | null;
type FieldKind = 'keyword' | 'text' | 'integer' | 'date';

interface Field {
  readonly kind: FieldKind;
  /** null: the conversation has no value there. */
  readonly of: (state: ConversationState, lastMessage: MessageState) => Value;
}

/** Every field that conversations are found by, but for metadata. */
const fields: Readonly<Record<string, Field>> = {
  id: { kind: 'keyword', of: (state) => state.id },
  conversation_number: { kind: 'integer', of: (state) => state.number },
  account_id: { kind: 'integer', of: (state) => state.accountId },
  channel_id: { kind: 'keyword', of: (state) => state.channelId },
  source: { kind: 'keyword', of: (state) => state.source },
  source_recipient_id: { kind: 'keyword', of: (state) => state.sourceContactId },
  display_name: { kind: 'text', of: displayNameOf },
  created_at: { kind: 'date', of: (state) => state.createdAt },
  last_message_at: { kind: 'date', of: (state) => state.lastMessageAt },
  unread_count: { kind: 'integer', of: (state) => state.unreadCount },
  message_count: { kind: 'integer', of: (state) => state.messageCount },
  state: { kind: 'keyword', of: (state) => state.state },
  tag_ids: { kind: 'text', of: (state) => state.tagIds },
  'last_message.text': { kind: 'text', of: (_state, message) => message.text },
  'last_message.from_contact': { kind: 'keyword', of: (_state, message) => String(message.fromContact) },
};

const declared = Object.entries(fields);

/** Any field that begins so is text: the leaves of the metadata that the conversation shows. */
export const metadataFieldPrefix = 'metadata.';

/** Field to kind; the kinds mean what the search library says. */
export const conversationFields: Readonly<Record<string, FieldKind>> = Object.fromEntries(
  declared.map(([name, field]) => [name, field.kind]),
);

/**
 * What a conversation is found by. Times are epoch milliseconds; metadata is one field a leaf, numbers and booleans as
 * text, a list as its elements' texts. What is empty or null has no field: a tag is found by tag_ids.
 */
export function searchFields(
  state: ConversationState,
  lastMessage: MessageState,
): Record<string, string | number | readonly string[]> {
  const found: Record<string, string | number | readonly string[]> = {};
  for (const [name, field] of declared) {
    const value = field.of(state, lastMessage);
    if (!isEmpty(value)) found[name] = value;
  }
  for (const [key, leaf] of shownLeaves(state)) {
    const value = textsOf(leaf);
    if (!isEmpty(value)) found[metadataFieldPrefix + key] = value;
  }
  return found;
}

function isEmpty(value: Value): value is null {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function textsOf(leaf: Json): Exclude<Value, number> {
  if (leaf === null || typeof leaf === 'string') return leaf;
  if (!Array.isArray(leaf)) return typeof leaf === 'object' ? JSON.stringify(leaf) : String(leaf);
  return leaf.filter((element) => element !== null && element !== '').map(textOf);
}

function textOf(element: Json): string {
  if (typeof element === 'string') return element;
  return typeof element === 'object' ? JSON.stringify(element) : String(element);
}
