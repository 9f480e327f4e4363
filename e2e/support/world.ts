/** What tests need to have happened: sources, channels, conversations, made over the public API alone. */
import type { System } from '../harness';
import type { Client, Json, JsonObject } from './client';
import { eventually } from './eventually';
import type { Channel, Conversation, Message, Page } from './shapes';

let counter = 0;

/** Different for each call of a run, so that tests on one system don't meet. */
export function unique(prefix: string): string {
  counter += 1;
  return `${prefix}${process.pid}x${counter}`;
}

/** An arbitrary Wednesday; tests add minutes to it. */
export const baseTime = Date.UTC(2024, 4, 1, 8, 0, 0);

export interface SourceMessage {
  readonly source_message_id: string;
  readonly source_conversation_id: string;
  readonly source_channel_id: string;
  readonly source_sender_id: string;
  readonly content: Json;
  readonly from_contact: boolean;
  readonly sent_at: Json;
  readonly [key: string]: Json;
}

/** A custom source with one channel. Conversations are named by the source's own ids. */
export class CustomSource {
  private readonly told = new Map<string, Set<string>>();

  constructor(
    private readonly system: System,
    readonly id: string,
    readonly token: string,
    readonly channel: Channel,
  ) {}

  get ingest(): Client {
    return this.system.ingest.withToken(this.token);
  }

  /** The sender names the conversation, so that a list tells which is which. */
  message(conversation: string, fields: Partial<SourceMessage> = {}): SourceMessage {
    const fromContact = fields.from_contact ?? true;
    return {
      source_message_id: unique('m'),
      source_conversation_id: conversation,
      source_channel_id: this.channel.source_channel_id,
      source_sender_id: `${fromContact ? 'contact' : 'agent'}:${conversation}`,
      content: { text: 'Is it in stock?' },
      sent_at: baseTime,
      ...fields,
      from_contact: fromContact,
    };
  }

  async deliver(messages: readonly SourceMessage[], metadata: readonly JsonObject[] = []): Promise<void> {
    await this.ingest.expect(200, '/sources.webhook', { messages, metadata });
  }

  /** Delivers and waits until all of the messages are listed. @returns ids of the source's conversations by name */
  async tell(messages: readonly SourceMessage[], metadata: readonly JsonObject[] = []): Promise<Map<string, string>> {
    for (const message of messages) {
      const ids = this.told.get(message.source_conversation_id) ?? new Set();
      this.told.set(message.source_conversation_id, ids.add(message.source_message_id));
    }
    await this.deliver(messages, metadata);
    const names = [...new Set(messages.map((message) => message.source_conversation_id))];
    const found = await this.conversations(names);
    for (const name of names) {
      const count = this.told.get(name)?.size ?? 0;
      const id = found.get(name);
      if (count > 1 && id !== undefined) {
        await eventually(async () => expect(await listMessages(this.system.api, id)).toHaveLength(count));
      }
    }
    return found;
  }

  /** Waits until the conversations are there. @returns their ids by the source's names */
  conversations(names: readonly string[], deadlineMs?: number): Promise<Map<string, string>> {
    return eventually(async () => {
      const found = new Map(
        (await this.list()).map((one) => [one.last_message.sender.id.replace(/^\w+:/, ''), one.id]),
      );
      expect([...found.keys()]).toEqual(expect.arrayContaining([...names]));
      return found;
    }, deadlineMs);
  }

  /** Every conversation of this source, newest first. */
  async list(): Promise<readonly Conversation[]> {
    return (await listConversations(this.system.api, { filters: `source:${this.id}`, page_size: 10_000 })).data;
  }

  /** One contact's message, waited for. */
  async conversation(fields: Partial<SourceMessage> = {}): Promise<string> {
    const name = fields.source_conversation_id ?? unique('c');
    const id = (await this.tell([this.message(name, fields)])).get(name);
    if (id === undefined) throw new Error('the conversation is not listed');
    return id;
  }

  disconnect(): Promise<void> {
    return this.system.api
      .withToken(this.token)
      .expect(204, '/sources.channels.disconnect', { channel_id: this.channel.id });
  }
}

export async function givenSource(system: System, id = unique('shop')): Promise<CustomSource> {
  const { token } = await system.api.expect<{ token: string }>(200, '/sources.create', { source_id: id, name: id });
  return new CustomSource(system, id, token, await givenSourceChannel(system, token));
}

export function givenSourceChannel(
  system: System,
  token: string,
  sourceChannelId = unique('channel'),
): Promise<Channel> {
  const body = { name: `Channel ${sourceChannelId}`, source_channel_id: sourceChannelId };
  return system.api.withToken(token).expect<Channel>(201, '/sources.channels.create', body);
}

export function listConversations(api: Client, body: JsonObject = {}): Promise<Page<Conversation>> {
  return api.expect<Page<Conversation>>(200, '/conversations.list', body);
}

export function conversationInfo(api: Client, id: string): Promise<Conversation> {
  return api.expect<Conversation>(200, '/conversations.info', { conversation_id: id });
}

export async function listMessages(api: Client, id: string): Promise<readonly Message[]> {
  const page = await api.expect<Page<Message>>(200, '/messages.list', { conversation_id: id, page_size: 10_000 });
  return page.data;
}

/** Ids of the conversations a filter finds, in the order listed. */
export async function idsMatching(api: Client, filters: string): Promise<string[]> {
  const page = await listConversations(api, { filters, page_size: 10_000 });
  expect(page.pagination_data.total).toBe(page.data.length);
  return page.data.map((one) => one.id);
}

/** The id of the only conversation that a filter finds, once its unread count is as said. */
export function eventuallyOne(api: Client, filters: string, unreadCount: number): Promise<string> {
  return eventually(async () => {
    const { data } = await listConversations(api, { filters });
    expect(data.map((one) => one.metadata.unread_count)).toEqual([unreadCount]);
    return data[0]?.id ?? '';
  });
}
