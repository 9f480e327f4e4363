import type { ConversationEvent } from '@parley/contracts';
import { type Before, conversationBefore } from './change';
import {
  contactRefetchRequested,
  conversationMetadataChanged,
  conversationRead,
  conversationStateRemoved,
  conversationStateSet,
  conversationTagged,
  conversationUntagged,
} from './conversation-facts';
import { messageReceived, messageSubmitted } from './message-events';
import { messageDeliveryChanged, messageMetadataChanged, watermarkReached } from './message-facts';
import type { Changes, StateReader } from './state';

/**
 * What an event changes, given the state before it; undefined if nothing, because it was applied already. Applying an
 * event twice is applying it once: messages are told apart by their message id, all other events by their event id.
 *
 * Pure: the same events in the same order give the same state, to the byte, whenever and wherever.
 * @param offset the event's place in its partition
 * @throws ReduceError, MetadataError  nothing of the event can be applied, now or ever
 */
export function reduce(reader: StateReader, event: ConversationEvent, offset: number): Changes | undefined {
  if (!isMessage(event) && reader.seen(event.value.eventId)) return undefined;
  return apply({ reader, conversation: conversationBefore(reader, event), offset }, event);
}

function isMessage(event: ConversationEvent): boolean {
  return event.type === 'MessageReceived' || event.type === 'MessageSubmitted';
}

function apply(before: Before, event: ConversationEvent): Changes | undefined {
  switch (event.type) {
    case 'MessageReceived':
      return messageReceived(before, event.value);
    case 'MessageSubmitted':
      return messageSubmitted(before, event.value);
    case 'MessageDeliveryChanged':
      return messageDeliveryChanged(before, event.value);
    case 'DeliveryWatermarkReached':
      return watermarkReached(before, event.value);
    case 'MessageMetadataChanged':
      return messageMetadataChanged(before, event.value);
    case 'ConversationMetadataChanged':
      return conversationMetadataChanged(before, event.value);
    case 'ConversationRead':
      return conversationRead(before, event.value);
    case 'ConversationTagged':
      return conversationTagged(before, event.value);
    case 'ConversationUntagged':
      return conversationUntagged(before, event.value);
    case 'ConversationStateSet':
      return conversationStateSet(before, event.value);
    case 'ConversationStateRemoved':
      return conversationStateRemoved(before, event.value);
    case 'ContactRefetchRequested':
      return contactRefetchRequested(before, event.value);
    default:
      return unknownEvent(event);
  }
}

/** A new event type stops the build here. */
function unknownEvent(_event: never): never {
  throw new TypeError('no reducer for this type of event');
}
