import { type ConversationEvent, ids } from '@parley/contracts';
import type { ContactProfile } from '@parley/sources';
import type { Trigger } from './trigger';

/** contact.fetch_state: whether the source told who the contact is. */
export type FetchState = 'ok' | 'failed';

export function fetchState(profile: ContactProfile | null): FetchState {
  return profile?.displayName || profile?.avatarUrl ? 'ok' : 'failed';
}

export interface OutcomeOf {
  readonly trigger: Trigger;
  /** `<topic>/<partition>/<offset>` of the trigger. */
  readonly cause: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * The event that tells what a fetch gave. Its id is derived from the trigger: a fetch repeated after a crash takes no
 * effect twice, whatever it gave the second time.
 * @param profile null or empty: the source tells nothing
 */
export function outcomeEvent({ trigger, cause, now }: OutcomeOf, profile: ContactProfile | null): ConversationEvent {
  const set: Record<string, string> = { 'contact.fetch_state': JSON.stringify(fetchState(profile)) };
  if (profile?.displayName) set['contact.display_name'] = JSON.stringify(profile.displayName);
  if (profile?.avatarUrl) set['contact.avatar_url'] = JSON.stringify(profile.avatarUrl);
  return {
    type: 'ConversationMetadataChanged',
    value: {
      eventId: ids.event(trigger.eventId, 'contact-profile'),
      accountId: trigger.accountId,
      conversationId: trigger.conversationId,
      occurredAt: now,
      actorKind: 'system',
      actorId: 'delivery',
      cause,
      set,
      removed: [],
    },
  };
}
