import { isWithin, leafOf, parseLeaf } from './metadata';
import type { ConversationState } from './state';
import type { Json } from './views';

const DEFAULT_NAME_ID_CHARACTERS = 5;

/** metadata.contact.display_name, else the default name. */
export function displayNameOf(state: ConversationState): string {
  return contactNameOf(state) ?? defaultName(state);
}

/** The name that somebody gave the contact; null where nobody did, or took it away by writing "". */
export function contactNameOf(state: ConversationState): string | null {
  return textOf(state, 'contact.display_name');
}

export function contactAvatarOf(state: ConversationState): string | null {
  return textOf(state, 'contact.avatar_url');
}

/**
 * The leaves of the metadata that a conversation shows: what was written, and over it what follows from the state.
 * `tags` and `state` show what a source wrote under these names only while the state has none.
 */
export function shownLeaves(state: ConversationState): readonly (readonly [string, Json])[] {
  const leaves: (readonly [string, Json])[] = [];
  for (const [key, text] of Object.entries(state.metadata)) {
    if (!isDerived(key, state)) leaves.push([key, parseLeaf(text)]);
  }
  leaves.push(['contact.display_name', displayNameOf(state)], ['unread_count', state.unreadCount]);
  if (state.state !== null) leaves.push(['state', state.state]);
  for (const id of state.tagIds) leaves.push([`tags.${id}`, '']);
  return leaves;
}

function isDerived(key: string, { state, tagIds }: ConversationState): boolean {
  return (
    isWithin(key, 'unread_count') ||
    isWithin(key, 'contact.display_name') ||
    // A value there has no room for the name below it.
    key === 'contact' ||
    (state !== null && isWithin(key, 'state')) ||
    (tagIds.length > 0 && isWithin(key, 'tags'))
  );
}

/** `twilio.sms`, `…dce0a` gives `Sms dce0a`. */
function defaultName({ id, source }: ConversationState): string {
  const [first = '', ...rest] = source.slice(source.lastIndexOf('.') + 1);
  return `${first.toUpperCase()}${rest.join('')} ${id.slice(-DEFAULT_NAME_ID_CHARACTERS)}`;
}

function textOf(state: ConversationState, key: string): string | null {
  const value = leafOf(state.metadata, key);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}
