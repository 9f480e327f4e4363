import type { DeliveryWatermarkReached, MessageDeliveryChanged, MessageMetadataChanged } from '@parley/contracts';
import { adoptEcho } from './adopt-echo';
import { type Before, changes } from './change';
import { climb, deliveryStateOf, shownDeliveryState } from './delivery-state';
import { mergeMetadata, mergeOwnMetadata } from './metadata';
import { findMessage, pendingMessage } from './rows';
import type { Changes, FlatMetadata, MessageState, PendingMessage } from './state';
import type { DeliveryState } from './views';

/** Undefined for another conversation's message: facts about that are nobody's. */
function messageOf(before: Before, event: { messageId: string; conversationId: string }) {
  const row = findMessage(before.reader, event.messageId) ?? pendingMessage(event.messageId, event.conversationId);
  return row.conversationId === event.conversationId ? row : undefined;
}

export function messageMetadataChanged(before: Before, event: MessageMetadataChanged): Changes {
  const row = messageOf(before, event);
  if (!row) return changes(before, {});
  return changes(before, {}, [{ ...row, metadata: mergeMetadata(row.metadata, event.set, event.removed) }]);
}

export function messageDeliveryChanged(before: Before, event: MessageDeliveryChanged): Changes {
  const row = messageOf(before, event);
  if (!row) return changes(before, {});
  return row.kind === 'message' ? reported(before, row, event) : reportedBefore(before, row, event);
}

function reported(before: Before, row: MessageState, event: MessageDeliveryChanged): Changes {
  const known = { ...row, sourceMessageId: event.sourceMessageId ?? row.sourceMessageId };
  if (event.sourceMessageKey === null) return changes(before, {}, [withReport(before, known, event)]);
  const { message, conversation, messages, unlisted } = adoptEcho(before, known, event.sourceMessageKey);
  return changes({ ...before, conversation }, {}, [withReport(before, message, event), ...messages], unlisted);
}

/** The report overtook the message: kept until that comes, with its alias. */
function reportedBefore(before: Before, row: PendingMessage, event: MessageDeliveryChanged): Changes {
  const to = deliveryStateOf(event.state);
  const deliveryState = row.deliveryState ? climb(row.deliveryState, to) : to;
  const metadata = mergeOwnMetadata(row.metadata, reportMetadata(event, deliveryState));
  const sourceMessageId = event.sourceMessageId ?? row.sourceMessageId;
  const sourceMessageKey = event.sourceMessageKey ?? row.sourceMessageKey;
  return changes(before, {}, [{ ...row, deliveryState, metadata, sourceMessageId, sourceMessageKey }]);
}

function withReport({ conversation }: Before, message: MessageState, event: MessageDeliveryChanged): MessageState {
  // From the state that was shown: a message that a watermark told to be read did not fail.
  const deliveryState = climb(shownDeliveryState(message, conversation), deliveryStateOf(event.state));
  const metadata = mergeOwnMetadata(message.metadata, reportMetadata(event, deliveryState));
  return { ...message, deliveryState, metadata };
}

function reportMetadata(event: MessageDeliveryChanged, reached: DeliveryState): FlatMetadata {
  return {
    ...(event.sourceMessageId !== null && { 'source.id': JSON.stringify(event.sourceMessageId) }),
    ...(event.error !== null && reached === 'failed' && { error: JSON.stringify(event.error) }),
  };
}

/** Messages are not touched: a watermark is compared when one is shown. */
export function watermarkReached(before: Before, event: DeliveryWatermarkReached): Changes {
  const { deliveredUpTo, readUpTo } = before.conversation;
  const state = deliveryStateOf(event.state);
  // A state below delivered says nothing about all before it.
  if (state === 'read') return changes(before, { readUpTo: Math.max(readUpTo, event.watermark) });
  if (state === 'delivered') return changes(before, { deliveredUpTo: Math.max(deliveredUpTo, event.watermark) });
  return changes(before, {});
}
