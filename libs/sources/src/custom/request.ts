import { type FlatMetadata, flattenMetadata, MetadataError } from '@parley/conversations';
import { contentFault, isJsonObject, isObject, parseJson, type UnknownObject } from '../json';
import { MetadataRoom } from './metadata-room';
import { parseTime } from './time';

/** Entries of each list that one call may carry. */
export const ENTRIES_MAX = 1_000;

export interface CustomMessage {
  readonly sourceMessageId: string;
  readonly sourceConversationId: string;
  readonly sourceChannelId: string;
  readonly sourceSenderId: string;
  /** Any JSON but null. */
  readonly content: unknown;
  readonly fromContact: boolean;
  /** Epoch milliseconds. */
  readonly sentAt: number;
}

export interface CustomMetadata {
  readonly namespace: 'conversation' | 'message';
  /** The source's id of the conversation or message. */
  readonly sourceId: string;
  readonly set: FlatMetadata;
}

export interface SourceWebhookRequest {
  readonly messages: readonly CustomMessage[];
  readonly metadata: readonly CustomMetadata[];
}

/** One field to blame, dotted: `messages.3.sent_at`. The message holds no contents. */
export interface RequestFault {
  readonly field: string;
  readonly message: string;
}

export type ParsedRequest =
  | { readonly ok: true; readonly request: SourceWebhookRequest }
  | { readonly ok: false; readonly faults: readonly RequestFault[] };

/**
 * Reads the body of `sources.webhook`. One bad entry makes the whole call bad: nothing of it is used. Both lists may be
 * absent, null or empty; `from_contact` is true where it is absent.
 */
export function parseSourceWebhook(body: Buffer): ParsedRequest {
  const value = parseJson(body);
  if (!isObject(value)) return { ok: false, faults: [{ field: 'body', message: 'the body is no JSON object' }] };
  const faults = new Faults();
  const messages = listOf(value, 'messages', faults).map((entry, index) =>
    parseMessage(entry, `messages.${index}`, faults),
  );
  const room = new MetadataRoom();
  const metadata = listOf(value, 'metadata', faults).map((entry, index) =>
    parseMetadata(entry, `metadata.${index}`, faults, room),
  );
  if (faults.list.length) return { ok: false, faults: faults.list };
  const present = <T>(entry: T | undefined): entry is T => entry !== undefined;
  return { ok: true, request: { messages: messages.filter(present), metadata: metadata.filter(present) } };
}

/** More would tell the caller nothing, and make the answer larger than the request. */
const FAULTS_MAX = 20;

class Faults {
  readonly list: RequestFault[] = [];

  add(field: string, message: string): undefined {
    if (this.list.length < FAULTS_MAX) this.list.push({ field, message });
    return undefined;
  }
}

function listOf(body: UnknownObject, field: 'messages' | 'metadata', faults: Faults): readonly unknown[] {
  const value = body[field] ?? [];
  if (!Array.isArray(value)) faults.add(field, 'must be a list');
  else if (value.length > ENTRIES_MAX) faults.add(field, `has more than ${ENTRIES_MAX} entries`);
  else return value;
  return [];
}

function parseMessage(entry: unknown, path: string, faults: Faults): CustomMessage | undefined {
  if (!isObject(entry)) return faults.add(path, 'must be an object');
  const sourceMessageId = requiredText(entry, path, 'source_message_id', faults);
  const sourceConversationId = requiredText(entry, path, 'source_conversation_id', faults);
  const sourceChannelId = requiredText(entry, path, 'source_channel_id', faults);
  const sourceSenderId = requiredText(entry, path, 'source_sender_id', faults);
  const content = contentOf(entry, path, faults);
  const fromContact = fromContactOf(entry, path, faults);
  const sentAt =
    parseTime(entry.sent_at) ??
    faults.add(`${path}.sent_at`, 'must be epoch milliseconds, or ISO 8601 with Z or an offset, from 1970 to 9999');
  if (
    sourceMessageId === undefined ||
    sourceConversationId === undefined ||
    sourceChannelId === undefined ||
    sourceSenderId === undefined ||
    content === undefined ||
    fromContact === undefined ||
    sentAt === undefined
  ) {
    return undefined;
  }
  return { sourceMessageId, sourceConversationId, sourceChannelId, sourceSenderId, content, fromContact, sentAt };
}

function parseMetadata(entry: unknown, path: string, faults: Faults, room: MetadataRoom): CustomMetadata | undefined {
  if (!isObject(entry)) return faults.add(path, 'must be an object');
  const { namespace } = entry;
  const sourceId = requiredText(entry, path, 'source_id', faults);
  const set = flatMetadataOf(entry.metadata, `${path}.metadata`, faults, room);
  if (namespace !== 'conversation' && namespace !== 'message') {
    return faults.add(`${path}.namespace`, 'must be conversation or message');
  }
  return sourceId === undefined || set === undefined ? undefined : { namespace, sourceId, set };
}

function requiredText(entry: UnknownObject, path: string, field: string, faults: Faults): string | undefined {
  const value = entry[field];
  if (typeof value === 'string' && value !== '') return value;
  return faults.add(`${path}.${field}`, 'must be a text that is not empty');
}

function contentOf(entry: UnknownObject, path: string, faults: Faults): unknown {
  const { content } = entry;
  if (content === undefined || content === null) return faults.add(`${path}.content`, 'is required');
  const fault = contentFault(content);
  return fault === undefined ? content : faults.add(`${path}.content`, fault);
}

function fromContactOf(entry: UnknownObject, path: string, faults: Faults): boolean | undefined {
  const value = entry.from_contact ?? true;
  return typeof value === 'boolean' ? value : faults.add(`${path}.from_contact`, 'must be true or false');
}

function flatMetadataOf(value: unknown, path: string, faults: Faults, room: MetadataRoom): FlatMetadata | undefined {
  if (!isJsonObject(value)) return faults.add(path, 'must be an object');
  const fault = room.faultOf(value);
  if (fault !== undefined) return faults.add(path, fault);
  try {
    return flattenMetadata(value);
  } catch (error) {
    if (error instanceof MetadataError) return faults.add(path, error.message);
    throw error;
  }
}
