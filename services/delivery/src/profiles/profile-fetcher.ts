import { type Channel, type ConversationEvent, topics } from '@parley/contracts';
import type { Position } from '@parley/log';
import type { QueryClient } from '@parley/query';
import { AppError, type EventWriter, Outage, type Table, untilAvailable } from '@parley/service-kit';
import { adapterOfSource, type ContactProfile, type FetchProfile, type Provider } from '@parley/sources';
import type { Logger } from 'pino';
import { Limiter } from '../feed/limiter';
import { retry } from '../feed/retry';
import { Known } from './known';
import { type FetchState, fetchState, outcomeEvent } from './outcome';
import { type Trigger, triggerOf } from './trigger';

/** Conversations remembered as decided; a forgotten one costs one question to the aggregator. */
const DECIDED_MAX = 50_000;
const APPLIED_WAIT_MS = 5_000;

export interface FetcherOptions {
  readonly query: Pick<QueryClient, 'awaitApplied' | 'getConversation'>;
  readonly channels: Pick<Table<'Channel'>, 'get' | 'sync'>;
  readonly events: Pick<EventWriter, 'append'>;
  readonly provider: Provider;
  readonly logger: Logger;
  /** Calls to providers at once. */
  readonly concurrency: number;
  /** Of a provider that does not answer: after so many tries the contact's fetch_state is failed. */
  readonly tries: number;
  /** Milliseconds before the second try; doubles. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly now: () => number;
  /** Told of each outcome, for counting. */
  readonly onOutcome?: (source: string, outcome: FetchState | 'skipped') => void;
}

type Fetched = { readonly profile: ContactProfile | null } | 'skip';

/**
 * Finds out who a contact is: on a contact's message of a conversation whose contact.fetch_state is neither ok nor
 * failed, and whenever somebody asks. Writes contact.display_name, contact.avatar_url and contact.fetch_state.
 */
export class ProfileFetcher {
  private readonly limiter: Limiter;
  private readonly decided = new Known(DECIDED_MAX);
  /** Fetches under way, by conversation: the next message of the same one waits for the first. */
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly outage: Outage;

  constructor(private readonly options: FetcherOptions) {
    this.outage = new Outage(options.logger, 'the profiles');
    this.limiter = new Limiter(options.concurrency);
  }

  /** Breaks off what waits; calls under way end by their own time limit. */
  stop(): void {
    this.stopping.abort();
  }

  /** @returns undefined where the event asks for no profile */
  handle(event: ConversationEvent, at: Position): Promise<void> | undefined {
    const trigger = triggerOf(event);
    const fetchProfile = trigger && adapterOfSource(trigger.source).profile;
    if (!trigger || !fetchProfile) return undefined;
    if (trigger.asked) return this.run(trigger, at, fetchProfile);
    const { conversationId } = trigger;
    if (this.decided.has(conversationId)) return undefined;
    const before = this.underWay.get(conversationId);
    if (before) return before;
    const job = this.run(trigger, at, fetchProfile).finally(() => this.underWay.delete(conversationId));
    this.underWay.set(conversationId, job);
    return job;
  }

  private async run(trigger: Trigger, at: Position, fetchProfile: FetchProfile): Promise<void> {
    const contactId = trigger.asked ? await this.contactOf(trigger, at) : await this.undecidedContact(trigger, at);
    if (contactId === null) return;
    const fetched = await this.fetch(trigger, contactId, fetchProfile);
    this.stopping.signal.throwIfAborted();
    if (fetched === 'skip') {
      this.options.onOutcome?.(trigger.source, 'skipped');
      return;
    }
    const cause = `${topics.conversationEvents.name}/${at.partition}/${at.offset}`;
    const event = outcomeEvent({ trigger, cause, now: this.options.now() }, fetched.profile);
    // What the provider said must not be lost because the log is away at that moment.
    await this.whenAvailable(() => this.options.events.append([event]));
    this.decided.add(trigger.conversationId);
    this.options.onOutcome?.(trigger.source, fetchState(fetched.profile));
  }

  /** Null if a profile was fetched before, or found to be none. */
  private async undecidedContact(trigger: Trigger, at: Position): Promise<string | null> {
    const conversation = await this.conversation(trigger, at);
    const contact = conversation?.metadata.contact;
    const state = contact !== null && typeof contact === 'object' && 'fetch_state' in contact && contact.fetch_state;
    if (state === 'ok' || state === 'failed') {
      this.decided.add(trigger.conversationId);
      return null;
    }
    return trigger.contactId ?? conversation?.sourceContactId ?? null;
  }

  private async contactOf(trigger: Trigger, at: Position): Promise<string | null> {
    return trigger.contactId ?? (await this.conversation(trigger, at))?.sourceContactId ?? null;
  }

  /** As it is with the trigger applied. The aggregator may be away for a while: that is no reason to give up. */
  private conversation(trigger: Trigger, at: Position) {
    const { query, firstDelayMs, maxDelayMs } = this.options;
    return retry(
      { firstDelayMs, maxDelayMs, tries: Number.POSITIVE_INFINITY, signal: this.stopping.signal },
      async () => {
        try {
          const applied = await query.awaitApplied({ partition: at.partition, offset: at.offset }, APPLIED_WAIT_MS);
          if (!applied) return undefined;
          const found = await query.getConversation(trigger.conversationId, null);
          return { found };
        } catch (error) {
          if (error instanceof AppError && error.code === 'UNAVAILABLE') return undefined;
          throw error;
        }
      },
    ).then((answer) => answer?.found);
  }

  private async fetch(trigger: Trigger, contactId: string, fetchProfile: FetchProfile): Promise<Fetched> {
    const channel = await this.channel(trigger.channelId);
    // Nothing is known of the contact then; the next message after a new connect asks again.
    if (!channel?.connected) return 'skip';
    const { provider, tries, firstDelayMs, maxDelayMs, logger } = this.options;
    const facts = { conversationId: trigger.conversationId, source: trigger.source };
    const fetched = await retry({ tries, firstDelayMs, maxDelayMs, signal: this.stopping.signal }, async () => {
      const answer = await this.limiter.run(() => fetchProfile(contactId, channel, provider));
      if (answer.ok) return { profile: answer.profile };
      if (answer.code === 'SOURCE_OFF') return 'skip';
      if (answer.code === 'PROVIDER_REFUSED') {
        logger.info(facts, 'the provider does not tell of a contact');
        return { profile: null };
      }
      logger.warn(facts, 'the provider does not answer');
      return undefined;
    });
    return fetched ?? { profile: null };
  }

  private async channel(id: string): Promise<Channel | undefined> {
    const known = this.options.channels.get(id);
    if (known) return known;
    await this.whenAvailable(() => this.options.channels.sync());
    return this.options.channels.get(id);
  }

  private whenAvailable<T>(attempt: () => Promise<T>): Promise<T> {
    return untilAvailable({ outage: this.outage, signal: this.stopping.signal }, attempt);
  }
}
