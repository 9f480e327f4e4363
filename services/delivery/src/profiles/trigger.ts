import type { ConversationEvent } from '@parley/contracts';

/** An event that may call for a contact's profile. */
export interface Trigger {
  readonly eventId: string;
  readonly accountId: number;
  readonly conversationId: string;
  readonly channelId: string;
  readonly source: string;
  readonly contactId: string | null;
  /** Somebody asked: fetch even if there is a profile already, or was none. */
  readonly asked: boolean;
}

/** Undefined for events that no profile is fetched for. */
export function triggerOf(event: ConversationEvent): Trigger | undefined {
  switch (event.type) {
    case 'MessageReceived':
      return event.value.fromContact ? { ...common(event.value), asked: false } : undefined;
    case 'ContactRefetchRequested':
      return { ...common(event.value), asked: true };
    default:
      return undefined;
  }
}

type Source = Extract<ConversationEvent, { type: 'MessageReceived' | 'ContactRefetchRequested' }>['value'];

function common(value: Source): Omit<Trigger, 'asked'> {
  return {
    eventId: value.eventId,
    accountId: value.accountId,
    conversationId: value.conversationId,
    channelId: value.channelId,
    source: value.source,
    contactId: value.sourceContactId,
  };
}
