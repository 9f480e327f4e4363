import {
  between,
  chance,
  contactText,
  metaContactId,
  type Person,
  phoneNumber,
  type Random,
  randomPerson,
  shopText,
  token,
  weighted,
} from './payloads';
import type { DemoSource } from './sources';

/** One thing that happens in a conversation. Times are epoch milliseconds. */
export type Step =
  | {
      readonly kind: 'message';
      readonly from: 'contact' | 'shop';
      readonly id: string;
      readonly at: number;
      readonly text: string;
      readonly picture: boolean;
    }
  | { readonly kind: 'postback'; readonly id: string; readonly at: number }
  | { readonly kind: 'reaction'; readonly to: string; readonly at: number }
  /** The contact has read what was said up to the watermark. */
  | { readonly kind: 'read'; readonly at: number; readonly watermark: number };

export interface PlannedConversation {
  readonly source: DemoSource;
  readonly person: Person;
  /** The contact's id at the source. */
  readonly contactId: string;
  /** In time order; the first is a message of the contact. */
  readonly steps: readonly Step[];
}

export interface PlotOptions {
  /** Messages in all, exactly. */
  readonly messages: number;
  /** Nothing happens after this. Epoch milliseconds. */
  readonly now: number;
  readonly random: Random;
}

const DAY_MS = 86_400_000;
const SPREAD_MS = 6 * DAY_MS;
const PAUSE_MS = { min: 2_000, max: 40 * 60_000 };
/** A conversation goes on with this probability after each message: eight messages on average. */
const GOES_ON = 0.875;

const SHARES: Readonly<Record<DemoSource, number>> = {
  facebook: 26,
  instagram: 14,
  'twilio.sms': 16,
  'twilio.whatsapp': 18,
  shop: 16,
  chatplugin: 10,
};

/** What the shop says is seen on these: as echoes, or because the source tells. */
const TELLS_ANSWERS: ReadonlySet<DemoSource> = new Set(['facebook', 'instagram', 'shop']);
const HAS_POSTBACKS: ReadonlySet<DemoSource> = new Set(['facebook', 'instagram']);

/** Conversations with so many messages between them; the same ones for the same randomness. */
export function plan({ messages, now, random }: PlotOptions): readonly PlannedConversation[] {
  const planned: PlannedConversation[] = [];
  const taken = new Set<string>();
  let left = messages;
  while (left > 0) {
    const source = weighted(random, SHARES);
    const person = randomPerson(random);
    const contactId = contactIdOf(source, person, random);
    // The same id again would be the same conversation, and the count would be off.
    if (taken.has(contactId)) continue;
    taken.add(contactId);
    const steps = stepsOf(source, person, left, now, random);
    left -= countMessages(steps);
    planned.push({ source, person, contactId, steps });
  }
  return planned;
}

export function countMessages(steps: readonly Step[]): number {
  return steps.filter((step) => step.kind === 'message' || step.kind === 'postback').length;
}

/** Messages that count as unread until somebody reads them. */
export function countUnread(steps: readonly Step[]): number {
  return steps.filter((step) => step.kind === 'postback' || (step.kind === 'message' && step.from === 'contact'))
    .length;
}

function contactIdOf(source: DemoSource, person: Person, random: Random): string {
  switch (source) {
    case 'facebook':
    case 'instagram':
      return metaContactId(random);
    case 'twilio.sms':
      return phoneNumber(random, person.dial);
    case 'twilio.whatsapp':
      return `whatsapp:${phoneNumber(random, person.dial)}`;
    case 'shop':
      return `buyer-${token(random, 10)}`;
    case 'chatplugin':
      return `visitor-${token(random, 10)}`;
  }
}

function stepsOf(source: DemoSource, person: Person, messagesMax: number, now: number, random: Random): Step[] {
  const steps: Step[] = [];
  let at = now - between(random, 60_000, SPREAD_MS);
  let lastAnswer: { readonly id: string; readonly at: number } | undefined;
  let count = 0;
  do {
    const id = token(random, 24);
    const answers = count > 0 && TELLS_ANSWERS.has(source) && chance(random, 0.35);
    if (count > 0 && !answers && HAS_POSTBACKS.has(source) && chance(random, 0.06)) {
      steps.push({ kind: 'postback', id, at });
    } else {
      const text = answers ? shopText(random, person.language) : contactText(random, person.language);
      steps.push({ kind: 'message', from: answers ? 'shop' : 'contact', id, at, text, picture: chance(random, 0.08) });
    }
    if (answers) lastAnswer = { id, at };
    count += 1;
    // Now and then two messages bear the same time, as pictures of one album do.
    if (!chance(random, 0.05)) at = Math.min(now, at + between(random, PAUSE_MS.min, PAUSE_MS.max));
    if (lastAnswer && HAS_POSTBACKS.has(source) && chance(random, 0.2)) {
      steps.push({ kind: 'read', at, watermark: lastAnswer.at });
      if (chance(random, 0.3)) steps.push({ kind: 'reaction', at, to: lastAnswer.id });
      lastAnswer = undefined;
    }
  } while (count < messagesMax && chance(random, GOES_ON));
  return steps;
}
