import { noMetadata } from './metadata';
import type { MessageRow, MessageState, PendingMessage, StateReader } from './state';

/** The message or pending facts under an id, aliases followed; undefined if there is nothing. */
export function findMessage(
  reader: Pick<StateReader, 'message'>,
  id: string,
): MessageState | PendingMessage | undefined {
  let row: MessageRow | undefined = reader.message(id);
  // Ends: an alias is only made to point to a message, so aliases never form a circle.
  while (row?.kind === 'alias') row = reader.message(row.of);
  return row;
}

export function pendingMessage(id: string, conversationId: string): PendingMessage {
  return {
    kind: 'pending',
    id,
    conversationId,
    metadata: noMetadata,
    deliveryState: null,
    sourceMessageId: null,
    sourceMessageKey: null,
  };
}
