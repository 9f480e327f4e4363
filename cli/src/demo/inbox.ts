import { isObject, type JsonObject, textAt } from './call';
import { fit } from './columns';

const COLUMNS = { name: 22, source: 16, unread: 6, text: 46, when: 16 };

/** Conversations as a table, in the order given. */
export function inboxTable(conversations: readonly JsonObject[]): readonly string[] {
  const row = (name: string, source: string, unread: string, text: string, when: string) =>
    [
      fit(name, COLUMNS.name),
      fit(source, COLUMNS.source),
      unread.padStart(COLUMNS.unread),
      fit(text, COLUMNS.text),
      fit(when, COLUMNS.when),
    ].join('  ');
  const head = row('Name', 'Source', 'Unread', 'Last message', 'When (UTC)');
  return [head, '─'.repeat(head.length), ...conversations.map((conversation) => row(...cells(conversation)))];
}

function cells(conversation: JsonObject): [string, string, string, string, string] {
  const channel = inside(conversation, 'channel');
  const metadata = inside(conversation, 'metadata');
  const message = inside(conversation, 'last_message');
  return [
    String(inside(metadata, 'contact').display_name ?? ''),
    String(channel.source ?? ''),
    String(metadata.unread_count ?? 0),
    preview(message.content),
    textAt(message, 'sent_at').slice(0, 16).replace('T', ' '),
  ];
}

function inside(value: JsonObject, key: string): JsonObject {
  const found = value[key];
  return isObject(found) ? found : {};
}

/** What a person reads of a message, whatever its source calls it. */
export function preview(content: unknown): string {
  if (typeof content === 'string') {
    const form = new URLSearchParams(content);
    return form.get('Body') || (form.has('MediaUrl0') ? '[picture]' : content);
  }
  if (!isObject(content)) return '';
  const message = inside(content, 'message');
  const postback = inside(content, 'postback');
  const text = content.text ?? message.text ?? postback.title;
  if (typeof text === 'string') return text;
  const [first] = [message.attachments ?? content.attachment].flat();
  return isObject(first) && typeof first.type === 'string' ? `[${first.type}]` : '[…]';
}
