import type { UnknownObject } from '../json';

export type Kind = 'message' | 'postback' | 'reaction' | 'read' | 'delivery';

const handled: readonly Kind[] = ['message', 'postback', 'reaction', 'read', 'delivery'];

/** Members of a messaging element that every kind may have beside its own. */
const envelope = new Set(['sender', 'recipient', 'timestamp', 'hop_context', 'is_standby', 'prior_message']);

/**
 * Known kinds that say nothing about a conversation's messages, and why they are left aside; the raw topic keeps them.
 * Source: Meta, "Messenger Platform: webhook events".
 */
const ignored: Readonly<Record<string, string>> = {
  optin: 'a consent, no message; what the contact then writes comes by itself',
  referral: 'how the contact came here; the message that follows comes by itself',
  account_linking: 'login of the contact at the business',
  pass_thread_control: 'which app answers is not modelled',
  take_thread_control: 'which app answers is not modelled',
  request_thread_control: 'which app answers is not modelled',
  app_roles: 'which app answers is not modelled',
  policy_enforcement: 'about the page, not about a conversation',
  'policy-enforcement': 'about the page, not about a conversation',
  payment: 'a purchase, no message',
  checkout_update: 'a purchase, no message',
  pre_checkout: 'a purchase, no message',
  order: 'a purchase, no message',
  game_play: 'a game, no message',
  typing: 'over in a moment',
  messaging_feedback: 'an opinion on the page, no message',
};

export type Classified =
  | { readonly kind: Kind; readonly of: unknown }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'unknown' };

export function classify(element: UnknownObject): Classified {
  const kind = handled.find((name) => element[name] !== undefined && element[name] !== null);
  if (kind) return { kind, of: element[kind] };
  const known = Object.keys(element).find((name) => Object.hasOwn(ignored, name));
  if (known) return { kind: 'ignored', reason: `${known}: ${ignored[known]}` };
  const rest = Object.keys(element).filter((name) => !envelope.has(name));
  return rest.length ? { kind: 'unknown' } : { kind: 'ignored', reason: 'nothing but sender and recipient' };
}
