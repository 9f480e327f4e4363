import type { SystemUnderTest } from '../harness';
import { eventually } from '../support/eventually';
import { timePattern, uuidPattern } from '../support/shapes';
import { baseTime, conversationInfo, givenSource, listConversations, unique } from '../support/world';

const unknownId = '00000000-0000-4000-8000-000000000000';

export function conversationCases({ it }: SystemUnderTest): void {
  describe('conversations', () => {
    // Airy, Conversations, List: sample response. Contract, Root responses.
    it('a listed conversation has every field of the sample', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation({ content: { text: 'Hello World' }, sent_at: baseTime });
      const { data } = await listConversations(system.api, { filters: `id:${id}` });
      expect(data).toEqual([
        {
          id: expect.stringMatching(uuidPattern),
          created_at: new Date(baseTime).toISOString(),
          channel: expect.objectContaining({
            id: source.channel.id,
            source: source.id,
            metadata: expect.objectContaining({ name: source.channel.metadata.name }),
          }),
          metadata: expect.objectContaining({
            contact: expect.objectContaining({ display_name: expect.any(String) }),
            unread_count: 1,
          }),
          last_message: expect.objectContaining({
            id: expect.stringMatching(uuidPattern),
            content: { text: 'Hello World' },
            state: 'DELIVERED',
            delivery_state: 'DELIVERED',
            from_contact: true,
            sent_at: new Date(baseTime).toISOString(),
            source: source.id,
            metadata: {},
            sender: expect.objectContaining({ id: expect.stringMatching(/^contact:/) }),
          }),
        },
      ]);
      expect(data[0]?.created_at).toMatch(timePattern);
    });

    // Airy, Conversations, List: "Find users whose name ends with Lovelace".
    it('the sample request finds names that end with Lovelace, a page of two', async (system) => {
      const source = await givenSource(system);
      const ids = await source.tell(
        ['a', 'b', 'c', 'd'].map((name, i) => source.message(name, { sent_at: baseTime + i })),
      );
      const names: Record<string, string> = {
        a: 'Ada Lovelace',
        b: 'Annabella Lovelace',
        c: 'Byron Lovelace',
        d: 'Mary Shelley',
      };
      for (const [name, displayName] of Object.entries(names)) {
        const body = { conversation_id: ids.get(name) ?? '', display_name: displayName };
        await system.api.expect(204, '/conversations.update-contact', body);
      }
      const request = { filters: `source:${source.id} AND display_name:*Lovelace`, page_size: 2 };
      const page = await listConversations(system.api, request);
      expect(page.data.map((one) => one.metadata.contact.display_name)).toEqual([
        'Byron Lovelace',
        'Annabella Lovelace',
      ]);
      expect(page.pagination_data).toEqual({ previous_cursor: null, next_cursor: expect.any(String), total: 3 });
    });

    // Contract, Root responses: sorted by last_message.sent_at, newest first, with and without filters.
    it('the list is sorted by the last message, newest first', async (system) => {
      const source = await givenSource(system);
      const minutes = { early: 1, late: 30, middle: 15 };
      const ids = await source.tell(
        Object.entries(minutes).map(([name, m]) => source.message(name, { sent_at: baseTime + m * 60_000 })),
      );
      expect((await source.list()).map((one) => one.id)).toEqual(
        ['late', 'middle', 'early'].map((name) => ids.get(name)),
      );
      await source.tell([source.message('early', { sent_at: baseTime + 45 * 60_000 })]);
      expect((await source.list()).map((one) => one.id)).toEqual(
        ['early', 'late', 'middle'].map((name) => ids.get(name)),
      );
      const times = (await listConversations(system.api, { page_size: 10_000 })).data.map(
        (one) => one.last_message.sent_at,
      );
      expect(times).toEqual([...times].sort().reverse());
    });

    // Contract, Root responses: created_at = sent_at of the first message ingested; last_message = greatest sent_at.
    it('created_at is the first message ingested, last_message the greatest sent_at, whoever sent it', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation({ source_conversation_id: 'x', sent_at: baseTime });
      await source.tell([source.message('x', { sent_at: baseTime - 60_000, content: 'older' })]);
      const older = await eventually(async () => {
        const info = await conversationInfo(system.api, id);
        expect(info.metadata.unread_count).toBe(2);
        return info;
      });
      expect(older.created_at).toBe(new Date(baseTime).toISOString());
      expect(older.last_message.sent_at).toBe(new Date(baseTime).toISOString());
      await source.deliver([source.message('x', { from_contact: false, sent_at: baseTime + 1, content: 'ours' })]);
      await eventually(async () => {
        const { last_message, metadata } = await conversationInfo(system.api, id);
        expect(last_message).toMatchObject({ content: 'ours', from_contact: false });
        expect(metadata.unread_count).toBe(2);
      });
    });

    // Airy, Conversations, info.
    it('info gives what the list gives', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      const [listed] = (await listConversations(system.api, { filters: `id:${id}` })).data;
      expect(await conversationInfo(system.api, id)).toEqual(listed);
      expect(await conversationInfo(system.api, id.toUpperCase())).toEqual(listed);
    });

    // Airy, Conversations, Mark conversation as read. Contract, Ingest: message metadata user_read is then set.
    it('mark-read answers 204 and resets the unread count; a later message counts again', async (system) => {
      const source = await givenSource(system);
      const name = unique('c');
      const id =
        (await source.tell([1, 2, 3].map((i) => source.message(name, { sent_at: baseTime + i })))).get(name) ?? '';
      expect((await conversationInfo(system.api, id)).metadata.unread_count).toBe(3);
      const answer = await system.api.post('/conversations.mark-read', { conversation_id: id });
      expect([answer.status, answer.text]).toEqual([204, '']);
      const read = await conversationInfo(system.api, id);
      expect(read.metadata.unread_count).toBe(0);
      expect(read.last_message.metadata).toMatchObject({ user_read: expect.anything() });
      // Sent before the read, arrived after it: unread.
      await source.tell([source.message(name, { sent_at: baseTime - 1 })]);
      expect((await conversationInfo(system.api, id)).metadata.unread_count).toBe(1);
    });

    // Airy, Conversations, Tag a conversation, Untag a conversation.
    it('tag and untag answer 204; the tag stands under metadata.tags while it is set', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      const tag = await system.api.expect<{ id: string }>(201, '/tags.create', {
        name: unique('vip'),
        color: 'tag-red',
      });
      const body = { conversation_id: id, tag_id: tag.id };
      for (const path of ['/conversations.tag', '/conversations.tag']) {
        const answer = await system.api.post(path, body);
        expect([answer.status, answer.text]).toEqual([204, '']);
        expect((await conversationInfo(system.api, id)).metadata.tags).toEqual({ [tag.id]: '' });
      }
      for (const path of ['/conversations.untag', '/conversations.untag']) {
        const answer = await system.api.post(path, body);
        expect([answer.status, answer.text]).toEqual([204, '']);
        expect((await conversationInfo(system.api, id)).metadata).not.toHaveProperty('tags');
      }
      await system.api.refused(404, '/conversations.tag', { conversation_id: id, tag_id: unknownId });
    });

    // Airy, Conversations, Set the state of a conversation, Remove the state of a conversation.
    it('set-state takes OPEN and CLOSED in any case, remove-state takes the state away', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      expect((await conversationInfo(system.api, id)).metadata).not.toHaveProperty('state');
      const states = { OPEN: 'OPEN', closed: 'CLOSED', oPen: 'OPEN' };
      for (const [sent, shown] of Object.entries(states)) {
        const answer = await system.api.post('/conversations.set-state', { conversation_id: id, state: sent });
        expect([answer.status, answer.text]).toEqual([204, '']);
        expect((await conversationInfo(system.api, id)).metadata.state).toBe(shown);
      }
      for (const state of ['RESOLVED', '', 'OPEN ', 7, null, ['OPEN']]) {
        const error = await system.api.refused(400, '/conversations.set-state', { conversation_id: id, state });
        expect(error.field).toBe('state');
      }
      expect((await conversationInfo(system.api, id)).metadata.state).toBe('OPEN');
      const removed = await system.api.post('/conversations.remove-state', { conversation_id: id });
      expect([removed.status, removed.text]).toEqual([204, '']);
      expect((await conversationInfo(system.api, id)).metadata).not.toHaveProperty('state');
    });

    // Airy, Conversations, Update contact information. Contract, Root responses: display name.
    it('update-contact sets the display name; the default is made of source and id', async (system) => {
      const source = await givenSource(system, unique('my.little.shop'));
      const id = await source.conversation();
      const lastPart = source.id.split('.').at(-1) ?? '';
      const byDefault = `${lastPart.charAt(0).toUpperCase()}${lastPart.slice(1)} ${id.slice(-5)}`;
      expect((await conversationInfo(system.api, id)).metadata.contact.display_name).toBe(byDefault);
      const answer = await system.api.post('/conversations.update-contact', {
        conversation_id: id,
        display_name: 'Grace',
      });
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect((await conversationInfo(system.api, id)).metadata.contact.display_name).toBe('Grace');
    });

    // Contract, Root responses: the later of source metadata and update-contact.
    it('of two display names the later wins, whoever gave it', async (system) => {
      const source = await givenSource(system);
      const name = unique('c');
      const id = (await source.tell([source.message(name)])).get(name) ?? '';
      const named = (displayName: string) =>
        source.deliver(
          [],
          [{ namespace: 'conversation', source_id: name, metadata: { contact: { display_name: displayName } } }],
        );
      const shown = async () => (await conversationInfo(system.api, id)).metadata.contact.display_name;
      await named('By Source');
      await eventually(async () => expect(await shown()).toBe('By Source'));
      await system.api.expect(204, '/conversations.update-contact', { conversation_id: id, display_name: 'By Hand' });
      expect(await shown()).toBe('By Hand');
      await named('By Source Again');
      await eventually(async () => expect(await shown()).toBe('By Source Again'));
    });

    // Airy, Conversations, Refetch conversation metadata.
    it('refetch answers 202 with an empty body', async (system) => {
      const source = await givenSource(system);
      const answer = await system.api.post('/conversations.refetch', { conversation_id: await source.conversation() });
      expect([answer.status, answer.text]).toEqual([202, '']);
    });

    // Airy, API reference: both spellings of the actions are served.
    it('the camelCase spellings are served too', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      await system.api.expect(204, '/conversations.setState', { conversation_id: id, state: 'CLOSED' });
      await system.api.expect(204, '/conversations.updateContact', { conversation_id: id, display_name: 'Camel' });
      expect((await conversationInfo(system.api, id)).metadata).toMatchObject({
        state: 'CLOSED',
        contact: { display_name: 'Camel' },
      });
      await system.api.expect(204, '/conversations.removeState', { conversation_id: id });
      await system.api.expect(204, '/conversations.markRead', { conversation_id: id });
      expect((await conversationInfo(system.api, id)).metadata).toMatchObject({ unread_count: 0 });
    });

    // Contract, Errors: unknown id 404, an id that is no UUID 400, missing or null 400.
    const actions: Record<string, Record<string, string>> = {
      '/conversations.info': {},
      '/conversations.mark-read': {},
      '/conversations.tag': { tag_id: unknownId },
      '/conversations.untag': { tag_id: unknownId },
      '/conversations.set-state': { state: 'OPEN' },
      '/conversations.remove-state': {},
      '/conversations.update-contact': { display_name: 'Grace' },
      '/conversations.refetch': {},
      '/messages.list': {},
    };
    for (const [path, rest] of Object.entries(actions)) {
      it(`${path}: unknown conversation 404, no UUID 400, none 400`, async (system) => {
        await system.api.refused(404, path, { conversation_id: unknownId, ...rest });
        for (const wrong of ['no-uuid', '', 12, true, null, {}, [unknownId]]) {
          const error = await system.api.refused(400, path, { conversation_id: wrong, ...rest });
          expect([error.field, ...(error.errors ?? []).map((one) => one.field)]).toContain('conversation_id');
        }
        await system.api.refused(400, path, {});
        for (const raw of ['{"conversation_id":', 'null', '[]', '"text"', '7']) {
          await system.api.refused(400, path, undefined, { raw });
        }
      });
    }
  });
}
