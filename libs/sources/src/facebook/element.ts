import { createHash } from 'node:crypto';
import { type Channel, type ConversationEvent, ids } from '@parley/contracts';
import { messageReceived, originOf } from '../events';
import { epochMs, idText, isObject, textOrNull, type UnknownObject } from '../json';
import type { EventsOfChannel, MapContext, MappedItem } from '../port';
import { classify } from './kinds';
import type { Update } from './update';
import { deletionEvents, deliveryEvents, reactionEvents, readEvents } from './updates';

export interface ElementContext {
  /** For example `entry.0.messaging.3`. */
  readonly path: string;
  readonly source: string;
  /** The entry's id: page, or Instagram account. */
  readonly pageId: unknown;
  /** Stands in where the update has no time of its own, epoch milliseconds. */
  readonly receivedAt: number;
  readonly context: MapContext;
}

/** One element of `messaging` or `standby`. */
export function mapElement(element: UnknownObject, at: ElementContext): MappedItem {
  const { path } = at;
  const pageId = idText(at.pageId);
  if (pageId === undefined) return { kind: 'fault', path, reason: 'BAD_ITEM', detail: 'the entry has no id' };
  const update = updateOf(element, pageId, at);
  if (!update) return { kind: 'fault', path, reason: 'BAD_ITEM', detail: 'no id of a sender and a recipient' };

  const classified = classify(element);
  if (classified.kind === 'ignored') return { kind: 'ignored', path, reason: classified.reason };
  if (classified.kind === 'unknown' && epochMs(element.timestamp) === undefined) {
    return { kind: 'fault', path, reason: 'UNKNOWN_KIND', detail: 'an unknown kind of update without a time' };
  }
  const events = eventsOf(classified.kind, element, update);
  if (!events) return { kind: 'fault', path, reason: 'BAD_ITEM', detail: `${classified.kind} lacks what it must have` };
  const channel = { by: 'source', source: at.source, sourceChannelId: pageId, accountId: null } as const;
  return { kind: 'channel', path, channel, events };
}

function updateOf(element: UnknownObject, pageId: string, at: ElementContext): Update | undefined {
  const sender = isObject(element.sender) ? idText(element.sender.id) : undefined;
  const recipient = isObject(element.recipient) ? idText(element.recipient.id) : undefined;
  if (sender === undefined || recipient === undefined) return undefined;
  const isEcho = isObject(element.message) && element.message.is_echo === true;
  const fromContact = !isEcho && sender !== pageId;
  return {
    pageId,
    contactId: fromContact ? sender : recipient,
    fromContact,
    sentAt: epochMs(element.timestamp) ?? at.receivedAt,
    cause: at.context.cause,
  };
}

/** Undefined if the update lacks what its kind needs. */
function eventsOf(
  kind: 'message' | 'postback' | 'reaction' | 'read' | 'delivery' | 'unknown',
  element: UnknownObject,
  update: Update,
): EventsOfChannel | undefined {
  const of = kind === 'unknown' ? element : element[kind];
  if (!isObject(of)) return undefined;
  switch (kind) {
    case 'message':
      return (channel) => messageEvents(element, of, update, channel);
    case 'postback':
      return (channel) => [message(element, update, channel, postbackOf(of))];
    case 'unknown':
      return (channel) => [message(element, update, channel, { text: null, supported: false })];
    case 'reaction':
      return reactionEvents(of, update);
    case 'read':
      return readEvents(of, update);
    case 'delivery':
      return deliveryEvents(of, update);
  }
}

interface MessageParts {
  readonly mid?: string | undefined;
  readonly text: string | null;
  readonly appId?: string | undefined;
  readonly supported?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

function messageEvents(
  element: UnknownObject,
  of: UnknownObject,
  update: Update,
  channel: Channel,
): readonly ConversationEvent[] {
  const mid = idText(of.mid);
  const event = message(element, update, channel, { mid, text: textOrNull(of.text), appId: idText(of.app_id) });
  return of.is_deleted === true && mid !== undefined ? [event, ...deletionEvents(mid, update, channel)] : [event];
}

function postbackOf(of: UnknownObject): MessageParts {
  return {
    mid: idText(of.mid),
    text: textOrNull(of.title),
    headers: {
      'postback.payload': textOrNull(of.payload) ?? '__empty__',
      ...(of.referral === undefined || of.referral === null
        ? {}
        : { 'postback.referral': JSON.stringify(of.referral) }),
    },
  };
}

/**
 * The whole element is the content. An echo of what we sent ourselves is made like any other: it carries the id that
 * the send was answered with, by which the reducer knows both as one message, whichever comes first.
 */
function message(element: UnknownObject, update: Update, channel: Channel, parts: MessageParts): ConversationEvent {
  const content = JSON.stringify(element);
  // Updates of old API versions have no id of their own: their bytes and time tell one from the next.
  const key = parts.mid ?? `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const conversationId = ids.conversationOfContact(channel.id, update.contactId);
  return messageReceived(originOf(channel, conversationId, update.cause), {
    messageId: ids.messageOfChannel(channel.id, key),
    channelId: channel.id,
    source: channel.source,
    sourceMessageId: parts.mid ?? null,
    sourceConversationId: null,
    sourceContactId: update.contactId,
    fromContact: update.fromContact,
    // What a person wrote in the page's own inbox names no sender: as in Airy, it has the recipient's id.
    senderId: update.fromContact ? update.contactId : (parts.appId ?? update.contactId),
    content,
    text: parts.text,
    supported: parts.supported ?? true,
    sentAt: update.sentAt,
    headers: parts.headers ?? {},
  });
}
