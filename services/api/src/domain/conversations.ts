import type { ConversationEvent, Tag } from '@parley/contracts';
import type { ConversationView, FlatMetadata } from '@parley/conversations';
import type { Position } from '@parley/log';
import type { QueryClient } from '@parley/query';
import { AppError, type EventWriter } from '@parley/service-kit';
import { type Caller, type Command, eventHeader, notFound } from './command';
import { checkRoom, userDataKey } from './metadata';

/** How long a write waits to become readable, milliseconds. */
const APPLIED_WITHIN_MS = 10_000;

export type ConversationStateName = 'OPEN' | 'CLOSED';

/**
 * Changes of conversations, for all dialects. Each looks whether the conversation is there for the caller, appends
 * one event and resolves when the aggregator has applied it: what is read next shows it.
 * @throws AppError NOT_FOUND with field conversation_id; UNAVAILABLE if it is on the log, but not applied in time
 */
export class Conversations {
  constructor(
    private readonly events: EventWriter,
    private readonly query: QueryClient,
  ) {}

  async get(id: string, caller: Caller): Promise<ConversationView> {
    const found = await this.query.getConversation(id, caller.accounts);
    if (!found) throw notFound('conversation', 'conversation_id');
    return found;
  }

  async markRead(id: string, command: Command): Promise<Position> {
    const of = await this.get(id, command.caller);
    return this.apply({ type: 'ConversationRead', value: eventHeader(command, 'ConversationRead', of) });
  }

  /** @param tag undefined if there is none of that id for the caller */
  async tag(id: string, tag: Tag | undefined, command: Command): Promise<Position> {
    const of = await this.get(id, command.caller);
    if (tag?.accountId !== of.accountId) throw notFound('tag', 'tag_id');
    const header = eventHeader(command, 'ConversationTagged', of);
    return this.apply({ type: 'ConversationTagged', value: { ...header, tagId: tag.id } });
  }

  /** A tag that was deleted can be taken off still, where the conversation carries it. */
  async untag(id: string, tagId: string, tagExists: boolean, command: Command): Promise<Position> {
    const of = await this.get(id, command.caller);
    if (!tagExists && !of.tagIds.includes(tagId)) throw notFound('tag', 'tag_id');
    const header = eventHeader(command, 'ConversationUntagged', of);
    return this.apply({ type: 'ConversationUntagged', value: { ...header, tagId } });
  }

  async setState(id: string, state: ConversationStateName, command: Command): Promise<Position> {
    const of = await this.get(id, command.caller);
    const header = eventHeader(command, 'ConversationStateSet', of);
    return this.apply({ type: 'ConversationStateSet', value: { ...header, state } });
  }

  async removeState(id: string, command: Command): Promise<Position> {
    const of = await this.get(id, command.caller);
    return this.apply({
      type: 'ConversationStateRemoved',
      value: eventHeader(command, 'ConversationStateRemoved', of),
    });
  }

  updateContact(id: string, displayName: string, command: Command): Promise<Position> {
    return this.setMetadata(id, { 'contact.display_name': JSON.stringify(displayName) }, command, 'display_name');
  }

  async refetch(id: string, command: Command): Promise<Position> {
    const of = await this.get(id, command.caller);
    const { channelId, source, sourceContactId } = of;
    const header = eventHeader(command, 'ContactRefetchRequested', of);
    return this.apply({ type: 'ContactRefetchRequested', value: { ...header, channelId, source, sourceContactId } });
  }

  /**
   * @param field of the request, to be blamed where the metadata would be too large
   * @throws AppError INVALID_REQUEST with that field
   */
  async setMetadata(id: string, set: FlatMetadata, command: Command, field = 'data'): Promise<Position> {
    const of = await this.get(id, command.caller);
    checkRoom(of.metadata, set, field);
    const header = eventHeader(command, 'ConversationMetadataChanged', of);
    return this.apply({ type: 'ConversationMetadataChanged', value: { ...header, set, removed: [] } });
  }

  async removeUserData(id: string, key: string, command: Command): Promise<Position> {
    const of = await this.get(id, command.caller);
    const header = eventHeader(command, 'ConversationMetadataChanged', of);
    const removed = [userDataKey(key)];
    return this.apply({ type: 'ConversationMetadataChanged', value: { ...header, set: {}, removed } });
  }

  /** @throws AppError NOT_FOUND with field id; INVALID_REQUEST with field data where the message has no room */
  async setMessageMetadata(messageId: string, set: FlatMetadata, command: Command): Promise<Position> {
    const found = await this.query.getMessage(messageId, command.caller.accounts);
    if (!found) throw notFound('message', 'id');
    checkRoom(found.message.metadata, set, 'data');
    const of = { id: found.message.conversationId, accountId: found.accountId };
    const header = eventHeader(command, 'MessageMetadataChanged', of);
    return this.apply({ type: 'MessageMetadataChanged', value: { ...header, messageId, set, removed: [] } });
  }

  private async apply(event: ConversationEvent): Promise<Position> {
    const [position] = await this.events.append([event]);
    if (!position) throw new Error('the log gave no position for an event');
    if (!(await this.query.awaitApplied(position, APPLIED_WITHIN_MS))) {
      throw new AppError('UNAVAILABLE', {
        message: 'the change is recorded and will take effect, but can not be read yet',
        retryAfterS: 1,
      });
    }
    return position;
  }
}
