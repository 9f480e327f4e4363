import { createHash } from 'node:crypto';
import { type Channel, type ConversationEvent, ids, type RawWebhook } from '@parley/contracts';
import { conversationMetadataChanged, deliveryChanged, messageReceived, originOf } from '../events';
import type { ChannelRef, MapContext, MappedItem } from '../port';
import { sourceOfAddress } from './numbers';

/** Twilio's states of a message sent from here; those before `sent` say nothing that is not known. */
const deliveryStates: Readonly<Record<string, 'sent' | 'delivered' | 'read' | 'failed'>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  failed: 'failed',
  undelivered: 'failed',
  canceled: 'failed',
};

/** Source: Twilio, "Webhooks for messages" and "Outbound message status in status callbacks". */
export function mapTwilio(raw: RawWebhook, context: MapContext): readonly MappedItem[] {
  const body = raw.body.toString('utf8');
  const form = new URLSearchParams(body);
  const from = form.get('From');
  const to = form.get('To');
  if (!from || !to) return [{ kind: 'fault', path: '', reason: 'BAD_BODY', detail: 'no form with From and To' }];
  const request = { body, form, from, to, raw, context };
  const status = form.get('MessageStatus') ?? form.get('SmsStatus') ?? 'received';
  return [status === 'received' ? inbound(request) : statusCallback(request, status)];
}

interface TwilioRequest {
  readonly body: string;
  readonly form: URLSearchParams;
  readonly from: string;
  readonly to: string;
  readonly raw: RawWebhook;
  readonly context: MapContext;
}

/** The channel is our own number. */
function channelOf(address: string): ChannelRef {
  return { by: 'source', source: sourceOfAddress(address), sourceChannelId: address, accountId: null };
}

function sidOf(form: URLSearchParams): string | null {
  return form.get('MessageSid') || form.get('SmsMessageSid') || form.get('SmsSid') || null;
}

function inbound(request: TwilioRequest): MappedItem {
  const sid = sidOf(request.form);
  const profileName = request.form.get('ProfileName');
  return {
    kind: 'channel',
    path: '',
    channel: channelOf(request.to),
    events: (channel) => {
      const message = messageOf(request, sid, channel);
      return profileName ? [message, nameOf(profileName, message, request, channel)] : [message];
    },
  };
}

function messageOf({ body, form, from, raw, context }: TwilioRequest, sid: string | null, channel: Channel) {
  const key = sid ?? `sha256:${createHash('sha256').update(body).digest('hex')}`;
  return messageReceived(originOf(channel, ids.conversationOfContact(channel.id, from), context.cause), {
    messageId: ids.messageOfChannel(channel.id, key),
    channelId: channel.id,
    source: channel.source,
    sourceMessageId: sid,
    sourceConversationId: null,
    sourceContactId: from,
    fromContact: true,
    senderId: from,
    content: JSON.stringify(body),
    text: form.get('Body'),
    supported: true,
    // Twilio tells no time of sending.
    sentAt: raw.receivedAt,
    headers: {},
  });
}

/** WhatsApp tells the contact's name with every message; whether it is news is for the reducer to see. */
function nameOf(
  name: string,
  message: ConversationEvent,
  { from, raw, context }: TwilioRequest,
  channel: Channel,
): ConversationEvent {
  return conversationMetadataChanged(originOf(channel, ids.conversationOfContact(channel.id, from), context.cause), {
    occurredAt: raw.receivedAt,
    distinct: message.value.eventId,
    set: { 'contact.display_name': JSON.stringify(name) },
    removed: [],
  });
}

function statusCallback({ form, from, to, raw, context }: TwilioRequest, status: string): MappedItem {
  const state = Object.hasOwn(deliveryStates, status) ? deliveryStates[status] : undefined;
  if (!state) return { kind: 'ignored', path: '', reason: 'a state before sent' };
  const sid = sidOf(form);
  if (!sid) return { kind: 'fault', path: '', reason: 'BAD_BODY', detail: 'a status without MessageSid' };
  const errorCode = form.get('ErrorCode');
  return {
    kind: 'channel',
    path: '',
    channel: channelOf(from),
    events: (channel) => [
      deliveryChanged(originOf(channel, ids.conversationOfContact(channel.id, to), context.cause), {
        messageId: ids.messageOfChannel(channel.id, sid),
        state,
        sourceMessageId: null,
        sourceMessageKey: null,
        error: state === 'failed' ? (form.get('ErrorMessage') ?? `Twilio error ${errorCode ?? status}`) : null,
        occurredAt: raw.receivedAt,
        distinct: status,
      }),
    ],
  };
}
