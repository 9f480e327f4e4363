import type { SystemUnderTest } from '../harness';
import type { Json, JsonObject } from '../support/client';
import { eventually } from '../support/eventually';
import { baseTime, conversationInfo, givenSource, idsMatching, listMessages, unique } from '../support/world';

const required = [
  'source_message_id',
  'source_conversation_id',
  'source_channel_id',
  'source_sender_id',
  'content',
  'sent_at',
] as const;

export function ingestCases({ it }: SystemUnderTest): void {
  describe('sources.webhook', () => {
    // Contract, Ingest: required fields; one bad entry -> 400 for the whole call.
    it('one bad entry refuses the whole call and names the field', async (system) => {
      const source = await givenSource(system);
      const good = source.message('good');
      const without = (field: string): Record<string, Json> =>
        Object.fromEntries(Object.entries(source.message('bad')).filter(([name]) => name !== field));
      const bad: Record<string, Json>[] = [
        ...required.map(without),
        ...required.map((field) => ({ ...source.message('bad'), [field]: null })),
        ...['source_message_id', 'source_conversation_id', 'source_channel_id', 'source_sender_id'].flatMap((field) =>
          [7, true, {}, []].map((value) => ({ ...source.message('bad'), [field]: value })),
        ),
        ...['yesterday', '2024-05-01', '2024-05-01T08:00:00', true, {}, ''].map((sent_at) => ({
          ...source.message('bad'),
          sent_at,
        })),
        { ...source.message('bad'), from_contact: 'yes' },
      ];
      for (const message of bad) {
        const error = await source.ingest.refused(400, '/sources.webhook', { messages: [good, message] });
        expect(error.field ?? JSON.stringify(error.errors)).toMatch(/messages|sent_at|source_|content|from_contact/);
      }
      const badMetadata: JsonObject[] = [
        { namespace: 'channel', source_id: 'good', metadata: { a: 1 } },
        { namespace: 'conversation', source_id: 'good', metadata: 'text' },
        { namespace: 'conversation', metadata: { a: 1 } },
      ];
      for (const metadata of badMetadata) {
        await source.ingest.refused(400, '/sources.webhook', { messages: [good], metadata: [metadata] });
      }
      // A good call afterwards is the only one that left anything.
      await source.tell([source.message('after')]);
      expect(await source.list()).toHaveLength(1);
    });

    // Contract, Ingest: epoch ms or ISO 8601 with Z or an offset. Empty lists are fine.
    it('sent_at is taken in all its forms', async (system) => {
      const source = await givenSource(system);
      const forms: Record<string, Json> = {
        number: 1714550400000,
        zulu: '2024-05-01T08:00:00Z',
        fraction: '2024-05-01T08:00:00.000Z',
        offset: '2024-05-01T10:00:00+02:00',
        negative: '2024-05-01T03:30:00.000-04:30',
      };
      await source.tell(Object.entries(forms).map(([name, sent_at]) => source.message(name, { sent_at })));
      const shown = (await source.list()).map((one) => one.last_message.sent_at);
      expect(shown).toEqual(Object.keys(forms).map(() => '2024-05-01T08:00:00.000Z'));
      const empty: JsonObject[] = [
        {},
        { messages: [] },
        { metadata: [] },
        { messages: [], metadata: [] },
        { messages: null },
      ];
      for (const body of empty) {
        await source.ingest.expect(200, '/sources.webhook', body);
      }
    });

    // Contract, Ingest: one call carries up to 1,000 messages and metadata entries.
    it('a call carries 1,000 messages', async (system) => {
      const source = await givenSource(system);
      const messages = Array.from({ length: 1_000 }, (_, i) =>
        source.message(`c${i % 10}`, { sent_at: baseTime + i, content: `m${i}` }),
      );
      await source.deliver(messages);
      await eventually(async () => {
        const unread = (await source.list()).map((one) => one.metadata.unread_count);
        expect(unread).toEqual(Array.from({ length: 10 }, () => 100));
      });
      const [newest] = await source.list();
      expect(newest?.last_message.content).toBe('m999');
    });

    // Contract, Ingest: redelivery, also at once, in one call, or after mark-read: one message, counted once, ever.
    it('a redelivered message is one message', async (system) => {
      const source = await givenSource(system);
      const name = unique('c');
      const message = source.message(name);
      await source.deliver([message, message]);
      await Promise.all(Array.from({ length: 10 }, () => source.deliver([message])));
      const id = (await source.conversations([name])).get(name) ?? '';
      await system.api.expect(204, '/conversations.mark-read', { conversation_id: id });
      await source.deliver([message]);
      // One that comes later on the same conversation tells that all before it were handled.
      await source.deliver([source.message(name, { content: 'last', sent_at: baseTime + 1 })]);
      await eventually(async () => expect((await conversationInfo(system.api, id)).last_message.content).toBe('last'));
      expect(await listMessages(system.api, id)).toHaveLength(2);
      expect((await conversationInfo(system.api, id)).metadata.unread_count).toBe(1);
    });

    // Contract, Ingest: ids are of one source, of any text up to 500+ characters.
    it('ids are of one source and may be any text', async (system) => {
      const first = await givenSource(system);
      const second = await givenSource(system);
      const odd = ['x'.repeat(600), 'ü/…?&#%20', '../../etc', '__proto__', ' ', '{"a":1}'];
      for (const text of odd) {
        const fields = { source_message_id: text, content: text };
        await first.deliver([first.message(text, fields)]);
        await second.deliver([second.message(text, fields)]);
      }
      for (const source of [first, second]) {
        await eventually(async () =>
          expect((await source.list()).map((one) => one.last_message.content).sort()).toEqual([...odd].sort()),
        );
      }
      const ids = (await first.list()).map((one) => one.id);
      expect((await second.list()).filter((one) => ids.includes(one.id))).toEqual([]);
    });

    // Contract, Ingest: a conversation may begin with a message that is not the contact's.
    it('a conversation may begin with our own message', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation({ from_contact: false });
      expect((await conversationInfo(system.api, id)).metadata.unread_count).toBe(0);
      expect(await idsMatching(system.api, `source:${source.id} AND unread_count:0`)).toEqual([id]);
    });

    // Contract, Ingest: a message on a channel never created makes no conversation (200, 400, 403 or 404).
    it('a channel never created makes no conversation', async (system) => {
      const source = await givenSource(system);
      const stray = source.message('stray', { source_channel_id: 'never-created' });
      const { status } = await source.ingest.post('/sources.webhook', { messages: [stray] });
      expect([200, 400, 403, 404]).toContain(status);
      await source.tell([source.message('known')]);
      expect(await source.list()).toHaveLength(1);
    });

    // Contract, Ingest: content of 200,000 bytes and 100 requests at once are carried, every one with 200.
    it('large contents and a hundred requests at once are carried', async (system) => {
      const source = await givenSource(system);
      const large = 'ß'.repeat(100_000);
      const id = await source.conversation({ content: { text: large } });
      expect((await conversationInfo(system.api, id)).last_message.content).toEqual({ text: large });
      await Promise.all(Array.from({ length: 100 }, (_, i) => source.deliver([source.message(`c${i}`)])));
      await eventually(async () => expect(await source.list()).toHaveLength(101));
    });
  });
}
