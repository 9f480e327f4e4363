import { randomUUID } from 'node:crypto';
import { type Channel, ids, isUuid } from '@parley/contracts';
import type { Json } from '@parley/conversations';
import type { QueryClient } from '@parley/query';
import {
  AppError,
  type Authenticator,
  type Call,
  type ChatClaims,
  DEFAULT_ACCOUNT,
  type Reply,
  type Route,
  signChatToken,
  signResumeToken,
  type Table,
  verifyResumeToken,
} from '@parley/service-kit';
import { contentFault, visitorContext } from '@parley/sources';
import type { RawWriter } from '../raw-writer';
import { renderMessage } from './render-message';

/** Messages that a visitor who comes back is shown at most. */
const HISTORY_MAX = 1_000;

export interface ChatpluginParts {
  readonly jwtSecret: string;
  readonly channels: Table<'Channel'>;
  readonly raw: RawWriter;
  readonly history: Pick<QueryClient, 'listMessages'>;
  /** Of visitors; of visitors and the system. */
  readonly visitors: Authenticator;
  readonly visitorsOrSystem: Authenticator;
}

export function chatpluginRoutes(parts: ChatpluginParts): readonly Route[] {
  const resume = (path: string): Route => ({
    method: 'POST',
    path,
    auth: parts.visitorsOrSystem,
    handle: (call) => resumeToken(call, parts),
  });
  return [
    { method: 'POST', path: '/chatplugin.authenticate', auth: null, handle: (call) => authenticate(call, parts) },
    resume('/chatplugin.resumeToken'),
    resume('/chatplugin.resume-token'),
    { method: 'POST', path: '/chatplugin.send', auth: parts.visitors, handle: (call) => send(call, parts) },
  ];
}

/** Opens a conversation that nobody has yet, or one again that was left. */
async function authenticate(call: Call, parts: ChatpluginParts): Promise<Reply> {
  const { resume_token, channel_id } = call.json();
  if (resume_token !== undefined && resume_token !== null) {
    if (typeof resume_token !== 'string') {
      throw new AppError('INVALID_REQUEST', { message: 'resume_token is no text', field: 'resume_token' });
    }
    const claims = verifyResumeToken(parts.jwtSecret, resume_token);
    if (!claims)
      throw new AppError('UNAUTHENTICATED', { message: 'the resume token is not good', field: 'resume_token' });
    await connectedChannel(claims.channelId, parts);
    return admitted(claims, await historyOf(claims, parts), parts);
  }
  const channel = await connectedChannel(uuidOf(channel_id, 'channel_id'), parts);
  const claims = { accountId: channel.accountId, channelId: channel.id, conversationId: randomUUID() };
  return admitted(claims, [], parts);
}

function admitted(claims: ChatClaims, messages: readonly unknown[], { jwtSecret }: ChatpluginParts): Reply {
  return { status: 200, body: { token: signChatToken(jwtSecret, claims), messages } };
}

/** Oldest first. A conversation exists from its first message: before, there is no history. */
async function historyOf({ conversationId, accountId }: ChatClaims, { history }: ChatpluginParts) {
  const page = await history.listMessages({ conversationId, accounts: [accountId], size: HISTORY_MAX });
  return (page?.items ?? []).map(renderMessage).reverse();
}

async function resumeToken(call: Call, parts: ChatpluginParts): Promise<Reply> {
  const claims = call.principal.kind === 'visitor' ? call.principal : namedClaims(call, parts);
  return { status: 200, body: { resume_token: signResumeToken(parts.jwtSecret, claims) } };
}

/** The system names the conversation, which need not have begun. */
function namedClaims(call: Call, { channels }: ChatpluginParts): ChatClaims {
  const body = call.json();
  const conversationId = uuidOf(body.conversation_id, 'conversation_id');
  const channelId = uuidOf(body.channel_id, 'channel_id');
  return { conversationId, channelId, accountId: channels.get(channelId)?.accountId ?? DEFAULT_ACCOUNT };
}

async function send(call: Call, parts: ChatpluginParts): Promise<Reply> {
  if (call.principal.kind !== 'visitor') throw new AppError('FORBIDDEN', { message: 'a visitor’s token is needed' });
  const { conversationId, channelId, accountId } = call.principal;
  const content = contentOf(call);
  const channel = await connectedChannel(channelId, parts);
  const key = call.header('idempotency-key');
  const messageId = key
    ? ids.idempotency(accountId, conversationId, 'chatplugin.send', key)
    : ids.ofCommand('chatplugin.send', randomUUID());
  const sentAt = await parts.raw.append('chatplugin', {
    key: conversationId,
    accountId,
    call,
    context: visitorContext({ conversation_id: conversationId, channel_id: channelId, message_id: messageId }),
  });
  const message = renderMessage({
    id: messageId,
    conversationId,
    channelId,
    source: channel.source,
    sourceMessageId: null,
    content,
    text: null,
    supported: true,
    deliveryState: 'delivered',
    fromContact: true,
    sentAt,
    metadata: {},
    sender: { id: conversationId, name: null, avatarUrl: null },
    headers: {},
  });
  return { status: 200, body: message };
}

function contentOf(call: Call): Json {
  const { message } = call.json();
  if (message === undefined || message === null) {
    throw new AppError('INVALID_REQUEST', { message: 'message is required', field: 'message' });
  }
  const fault = contentFault(message);
  if (fault !== undefined) throw new AppError('INVALID_REQUEST', { message: `message ${fault}`, field: 'message' });
  // It came out of JSON.parse.
  return message as Json;
}

/** Looks the log up to its end before it says no: a channel is there as soon as the call that made it was answered. */
async function connectedChannel(id: string, { channels }: ChatpluginParts): Promise<Channel> {
  const known = channels.get(id);
  if (!known?.connected) await channels.sync();
  const channel = channels.get(id);
  if (!channel?.connected || channel.source !== 'chatplugin') {
    throw new AppError('NOT_FOUND', {
      message: 'there is no such channel, or it is disconnected',
      field: 'channel_id',
    });
  }
  return channel;
}

function uuidOf(value: unknown, field: string): string {
  if (typeof value !== 'string' || !isUuid(value)) {
    throw new AppError('INVALID_REQUEST', { message: `${field} must be a UUID`, field });
  }
  return value.toLowerCase();
}
