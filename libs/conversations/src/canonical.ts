import type { ConversationState } from './state';

/**
 * JSON with sorted keys and no blanks: equal values give equal bytes, in whatever order their keys were written.
 * Keys are sorted by UTF-16 code units; keys without a value (undefined) are left out, as JSON does.
 */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const below = (value as Readonly<Record<string, unknown>>)[key];
    if (below !== undefined) text += `${text && ','}${JSON.stringify(key)}:${canonical(below)}`;
  }
  return `{${text}}`;
}

/**
 * What the state hash takes of a conversation: all but its `position`, which tells where on one log the events lay.
 * Of message rows of every kind it takes `canonical(row)`. So the hash is the same for the same events in the same
 * order, after a kill or a rebuild, on another replica, and on a log that numbers its records otherwise.
 */
export function canonicalConversation({ position: _, ...state }: ConversationState): string {
  return canonical(state);
}
