import { type Channel, type ConversationEvent, ids } from '@parley/contracts';
import { deliveryChanged, messageMetadataChanged, type Origin, originOf, watermarkReached } from '../events';
import { epochMs, idText, type UnknownObject } from '../json';
import type { EventsOfChannel } from '../port';
import { decodeEmoji } from './emoji';
import type { Update } from './update';

/** Facts about messages that are there, or come later. Each gives undefined where the update lacks what it needs. */

export function reactionEvents(of: UnknownObject, update: Update): EventsOfChannel | undefined {
  const mid = idText(of.mid);
  if (mid === undefined) return undefined;
  const emoji = typeof of.emoji === 'string' ? decodeEmoji(of.emoji) : undefined;
  const reacts = of.action === 'react';
  if (reacts && emoji === undefined) return undefined;
  const set = { 'reaction.emoji': JSON.stringify(emoji), 'reaction.sent_at': String(update.sentAt) };
  return (channel) => [
    messageMetadataChanged(originIn(channel, update), {
      messageId: ids.messageOfChannel(channel.id, mid),
      occurredAt: update.sentAt,
      distinct: JSON.stringify(['reaction', update.sentAt, reacts, reacts ? emoji : null]),
      set: reacts ? set : {},
      removed: reacts ? [] : ['reaction.emoji', 'reaction.sent_at'],
    }),
  ];
}

/** Messenger tells a time up to which all is read, Instagram the message. */
export function readEvents(of: UnknownObject, update: Update): EventsOfChannel | undefined {
  const watermark = epochMs(of.watermark);
  const mid = idText(of.mid);
  if (watermark === undefined && mid === undefined) return undefined;
  return (channel) => [
    ...(watermark === undefined ? [] : [reached('read', watermark, channel, update)]),
    ...(mid === undefined ? [] : [changed('read', mid, channel, update)]),
  ];
}

export function deliveryEvents(of: UnknownObject, update: Update): EventsOfChannel | undefined {
  const watermark = epochMs(of.watermark);
  const mids = (Array.isArray(of.mids) ? of.mids : []).map(idText).filter((mid) => mid !== undefined);
  if (watermark === undefined && !mids.length) return undefined;
  return (channel) => [
    ...mids.map((mid) => changed('delivered', mid, channel, update)),
    ...(watermark === undefined ? [] : [reached('delivered', watermark, channel, update)]),
  ];
}

/** The contact took the message back: it comes again under its own id, which alone would change nothing. */
export function deletionEvents(mid: string, update: Update, channel: Channel): readonly ConversationEvent[] {
  return [
    messageMetadataChanged(originIn(channel, update), {
      messageId: ids.messageOfChannel(channel.id, mid),
      occurredAt: update.sentAt,
      distinct: 'deleted',
      set: { 'source.deleted': 'true' },
      removed: [],
    }),
  ];
}

function originIn(channel: Channel, update: Update): Origin {
  return originOf(channel, ids.conversationOfContact(channel.id, update.contactId), update.cause);
}

function reached(state: 'delivered' | 'read', watermark: number, channel: Channel, update: Update): ConversationEvent {
  return watermarkReached(originIn(channel, update), { state, watermark, occurredAt: update.sentAt });
}

function changed(state: 'delivered' | 'read', mid: string, channel: Channel, update: Update): ConversationEvent {
  return deliveryChanged(originIn(channel, update), {
    messageId: ids.messageOfChannel(channel.id, mid),
    state,
    sourceMessageId: null,
    sourceMessageKey: null,
    error: null,
    occurredAt: update.sentAt,
    distinct: state,
  });
}
