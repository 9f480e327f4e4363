import { ReduceError } from './errors';
import type { ConversationState, MessageState } from './state';
import type { DeliveryState } from './views';

const ladder: Readonly<Record<DeliveryState, number>> = { pending: 0, sent: 1, delivered: 2, read: 3, failed: 4 };

/** @throws UNKNOWN_DELIVERY_STATE */
export function deliveryStateOf(text: string): DeliveryState {
  if (!isDeliveryState(text)) throw new ReduceError('UNKNOWN_DELIVERY_STATE', 'no such delivery state');
  return text;
}

function isDeliveryState(text: string): text is DeliveryState {
  return Object.hasOwn(ladder, text);
}

/**
 * Where a report leads: pending < sent < delivered < read, and failed is final. Providers report failures of messages
 * that they took over before, which were shown as delivered; but a message that was read did not fail.
 */
export function climb(from: DeliveryState, to: DeliveryState): DeliveryState {
  if (from === 'read' && to === 'failed') return from;
  return ladder[to] > ladder[from] ? to : from;
}

/**
 * The message's delivery state with the conversation's watermarks: these speak of what was sent to the contact, so
 * neither of the contact's own messages nor of what no provider has taken yet.
 */
export function shownDeliveryState(message: MessageState, conversation: ConversationState): DeliveryState {
  if (message.fromContact) return message.deliveryState;
  if (message.deliveryState === 'failed' || message.deliveryState === 'pending') return message.deliveryState;
  if (conversation.readUpTo > 0 && message.sentAt <= conversation.readUpTo) return 'read';
  if (conversation.deliveredUpTo > 0 && message.sentAt <= conversation.deliveredUpTo) {
    return climb(message.deliveryState, 'delivered');
  }
  return message.deliveryState;
}
