import type {
  ContactRefetchRequested,
  ConversationMetadataChanged,
  ConversationRead,
  ConversationStateRemoved,
  ConversationStateSet,
  ConversationTagged,
  ConversationUntagged,
} from '@parley/contracts';
import { type Before, changes } from './change';
import { mergeMetadata, noMetadata } from './metadata';
import type { Changes } from './state';

export function conversationMetadataChanged(before: Before, event: ConversationMetadataChanged): Changes {
  return changes(before, { metadata: mergeMetadata(before.conversation.metadata, event.set, event.removed) });
}

/** All contact messages applied so far are read, whenever they say they were sent. */
export function conversationRead(before: Before, _event: ConversationRead): Changes {
  return changes(before, { unreadCount: 0, readSequence: before.conversation.nextSequence });
}

export function conversationTagged(before: Before, { tagId }: ConversationTagged): Changes {
  const { tagIds } = before.conversation;
  return changes(before, tagIds.includes(tagId) ? {} : { tagIds: [...tagIds, tagId].sort() });
}

export function conversationUntagged(before: Before, { tagId }: ConversationUntagged): Changes {
  return changes(before, { tagIds: before.conversation.tagIds.filter((id) => id !== tagId) });
}

export function conversationStateSet(before: Before, { state }: ConversationStateSet): Changes {
  return changes(before, { state, metadata: withoutState(before) });
}

export function conversationStateRemoved(before: Before, _event: ConversationStateRemoved): Changes {
  return changes(before, { state: null, metadata: withoutState(before) });
}

/** A source may have written metadata of that name: the later wins, and a state that was taken away is away. */
function withoutState({ conversation }: Before) {
  return mergeMetadata(conversation.metadata, noMetadata, ['state']);
}

/** A profile whose fetching failed is fetched again. */
export function contactRefetchRequested(before: Before, _event: ContactRefetchRequested): Changes {
  return changes(before, {
    metadata: mergeMetadata(before.conversation.metadata, noMetadata, ['contact.fetch_state']),
  });
}
