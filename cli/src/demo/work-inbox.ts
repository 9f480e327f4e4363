import type { Api } from './api';
import { textAt } from './call';
import { chance, type Random } from './payloads';

const TAGS = [
  { name: 'VIP', color: 'tag-red', share: 0.08 },
  { name: 'Refund', color: 'tag-blue', share: 0.12 },
  { name: 'Feedback', color: 'tag-green', share: 0.1 },
] as const;
const READ = 0.4;
const CLOSED = 0.15;

export interface Work {
  readonly tagged: number;
  readonly closed: number;
  readonly read: number;
  /** Id of each tag, by name. */
  readonly tagIds: Readonly<Record<string, string>>;
}

/** Does with the inbox what people do: reads some conversations, tags some, closes some. */
export async function workInbox(api: Api, random: Random): Promise<Work> {
  const tagIds: Record<string, string> = {};
  for (const { name, color } of TAGS) tagIds[name] = textAt(await api.call('/tags.create', { name, color }), 'id');
  let tagged = 0;
  let closed = 0;
  let read = 0;
  for (const conversation of await api.allConversations(null)) {
    const conversation_id = textAt(conversation, 'id');
    for (const { name, share } of TAGS) {
      if (!chance(random, share)) continue;
      await api.call('/conversations.tag', { conversation_id, tag_id: tagIds[name] });
      tagged += 1;
    }
    if (!chance(random, READ)) continue;
    await api.call('/conversations.mark-read', { conversation_id });
    read += 1;
    if (!chance(random, CLOSED / READ)) continue;
    await api.call('/conversations.set-state', { conversation_id, state: 'CLOSED' });
    closed += 1;
  }
  return { tagged, closed, read, tagIds };
}
