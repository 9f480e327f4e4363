import type { SystemUnderTest } from '../harness';
import type { Conversation, Message, Page } from '../support/shapes';
import { baseTime, givenSource, listConversations, unique } from '../support/world';

export function pageCases({ it }: SystemUnderTest): void {
  describe('pages', () => {
    // Contract, Pages: default page_size 20; 10000 is taken; total is of the filter.
    it('a page has 20 by default, total counts the filter', async (system) => {
      const source = await givenSource(system);
      await source.tell(Array.from({ length: 25 }, (_, i) => source.message(`c${i}`, { sent_at: baseTime + i })));
      const filters = `source:${source.id}`;
      const page = await listConversations(system.api, { filters });
      expect(page.data).toHaveLength(20);
      expect(page.pagination_data).toEqual({ previous_cursor: null, next_cursor: expect.any(String), total: 25 });
      const rest = await listConversations(system.api, { filters, cursor: page.pagination_data.next_cursor });
      expect(rest.data).toHaveLength(5);
      expect(rest.pagination_data).toMatchObject({ next_cursor: null, total: 25 });
      expect(new Set([...page.data, ...rest.data].map((one) => one.id)).size).toBe(25);
      expect((await listConversations(system.api, { filters, page_size: 10_000 })).data).toHaveLength(25);
      // Null fields count as absent.
      expect(await listConversations(system.api, { filters, cursor: null, page_size: null })).toEqual(page);
    });

    // Contract, Pages: numeric cursors are offsets.
    it('a numeric cursor is an offset', async (system) => {
      const source = await givenSource(system);
      await source.tell(Array.from({ length: 5 }, (_, i) => source.message(`c${i}`, { sent_at: baseTime + i })));
      const all = (await source.list()).map((one) => one.id);
      const page = (cursor: string | number, size: number) =>
        listConversations(system.api, { filters: `source:${source.id}`, cursor, page_size: size });
      for (const cursor of [0, '0']) {
        const first = await page(cursor, 2);
        expect(first.data.map((one) => one.id)).toEqual(all.slice(0, 2));
        expect(first.pagination_data).toMatchObject({ next_cursor: '2', total: 5 });
      }
      const middle = await page('2', 2);
      expect(middle.data.map((one) => one.id)).toEqual(all.slice(2, 4));
      expect(middle.pagination_data).toMatchObject({ next_cursor: '4', previous_cursor: '0' });
      const last = await page(3, 2);
      expect(last.data.map((one) => one.id)).toEqual(all.slice(3));
      expect(last.pagination_data.next_cursor).toBeNull();
      const past = await page('50', 2);
      expect(past).toEqual({ data: [], pagination_data: expect.objectContaining({ next_cursor: null, total: 5 }) });
    });

    // Contract, Pages: any other cursor -> 400.
    it('a cursor that nobody gave is a 400', async (system) => {
      for (const cursor of ['not-a-cursor', '-1', '1.5', -1, 1.5, {}, [], true]) {
        const error = await system.api.refused(400, '/conversations.list', { cursor });
        expect([cursor, error.field]).toEqual([cursor, 'cursor']);
      }
      const blank = await system.api.post('/conversations.list', { cursor: '' });
      expect([200, 400]).toContain(blank.status);
    });

    // Contract, Pages: an opaque walk is stable while conversations arrive.
    it('a walk gives each conversation once, though newer and older ones arrive between the pages', async (system) => {
      const source = await givenSource(system);
      const before = Array.from({ length: 12 }, (_, i) => source.message(`c${i}`, { sent_at: baseTime + i * 1000 }));
      await source.tell(before);
      const expected = (await source.list()).map((one) => one.id);
      const seen: string[] = [];
      let cursor: string | null = null;
      for (let pages = 0; pages < 10; pages += 1) {
        const page: Page<Conversation> = await listConversations(system.api, {
          filters: `source:${source.id}`,
          page_size: 5,
          cursor,
        });
        seen.push(...page.data.map((one) => one.id));
        cursor = page.pagination_data.next_cursor;
        if (cursor === null) break;
        expect(cursor).not.toMatch(/^\d+$/);
        const sent = [baseTime + 3_600_000 + pages, baseTime - 3_600_000 - pages, baseTime + 4_500];
        await source.tell(sent.map((sent_at) => source.message(unique('new'), { sent_at })));
      }
      expect(cursor).toBeNull();
      expect(seen.filter((id) => expected.includes(id))).toEqual(expected);
      expect(new Set(seen).size).toBe(seen.length);
    });

    // Contract, Pages: previous_cursor leads back over the same page.
    it('previous_cursor leads back', async (system) => {
      const source = await givenSource(system);
      await source.tell(Array.from({ length: 6 }, (_, i) => source.message(`c${i}`, { sent_at: baseTime + i })));
      const page = (cursor: string | null) =>
        listConversations(system.api, { filters: `source:${source.id}`, page_size: 2, cursor });
      const first = await page(null);
      const second = await page(first.pagination_data.next_cursor);
      expect(second.pagination_data.previous_cursor).toEqual(expect.any(String));
      const back = await page(second.pagination_data.previous_cursor);
      expect(back.data.map((one) => one.id)).toEqual(first.data.map((one) => one.id));
    });

    // Contract, Pages: messages.list: next_cursor is the id of the next page's first element.
    it('messages are paged by id, newest first', async (system) => {
      const source = await givenSource(system);
      const name = unique('c');
      const sent = Array.from({ length: 5 }, (_, i) =>
        source.message(name, { sent_at: baseTime + i, content: `m${i}` }),
      );
      const id = (await source.tell(sent)).get(name) ?? '';
      const page = (cursor: string | null) =>
        system.api.expect<Page<Message>>(200, '/messages.list', { conversation_id: id, page_size: 2, cursor });
      const first = await page(null);
      expect(first.data.map((one) => one.content)).toEqual(['m4', 'm3']);
      const second = await page(first.pagination_data.next_cursor);
      expect(second.data.map((one) => one.content)).toEqual(['m2', 'm1']);
      expect(second.data[0]?.id).toBe(first.pagination_data.next_cursor);
      const third = await page(second.pagination_data.next_cursor);
      expect(third.data.map((one) => one.content)).toEqual(['m0']);
      expect(third.pagination_data).toMatchObject({ next_cursor: null, total: 5 });
      for (const cursor of ['00000000-0000-4000-8000-000000000000', 'not-a-cursor']) {
        const answer = await system.api.post('/messages.list', { conversation_id: id, cursor });
        expect([400, 404]).toContain(answer.status);
      }
    });

    // Contract, Process: lists take no body, {} or null fields too.
    it('lists take no body', async (system) => {
      for (const path of ['/conversations.list', '/channels.list', '/tags.list', '/sources.list']) {
        for (const answer of [await system.api.post(path), await system.api.post(path, {})]) {
          expect([path, answer.status]).toEqual([path, 200]);
          expect(answer.json<{ data: unknown }>().data).toEqual(expect.any(Array));
        }
      }
    });
  });
}
