import type { Conversation } from '@parley/contracts';
import type { ConversationView } from './views';

/**
 * The record of the conversations changelog.
 * @param position offset of the last event that changed the conversation: `ConversationState.position`
 */
export function toSnapshot(view: ConversationView, position: number): Conversation {
  return {
    id: view.id,
    accountId: view.accountId,
    number: view.number,
    channelId: view.channelId,
    source: view.source,
    createdAt: view.createdAt,
    displayName: view.displayName,
    unreadCount: view.unreadCount,
    messageCount: view.messageCount,
    state: view.state,
    tagIds: view.tagIds,
    metadata: JSON.stringify(view.metadata),
    lastMessage: JSON.stringify(view.lastMessage),
    version: view.version,
    position,
  };
}
