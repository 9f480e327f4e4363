import type { SystemUnderTest } from '../harness';
import type { JsonObject } from '../support/client';
import { eventually } from '../support/eventually';
import type { Channel } from '../support/shapes';
import { conversationInfo, givenSource, idsMatching, listMessages, unique } from '../support/world';

export function metadataCases({ it }: SystemUnderTest): void {
  describe('metadata', () => {
    // Contract, Metadata: under user_data; dotted keys nest; upserts merge by leaf key; types are kept.
    it('upserts merge by leaf key under user_data and keep types', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      const upsert = (data: JsonObject) => system.api.post('/metadata.upsert', { subject: 'conversation', id, data });
      const shown = async () => (await conversationInfo(system.api, id)).metadata.user_data;
      const crm = { id: '77', score: 4.5, vip: true, old: null, orders: ['a', 'b'], deep: { er: { x: 1 } } };
      const first = await upsert({ crm });
      expect([first.status, first.text]).toEqual([204, '']);
      expect(await shown()).toEqual({ crm });
      expect((await upsert({ 'crm.deep.er.y': 2, crm: { orders: ['c'] }, other: 0 })).status).toBe(204);
      expect(await shown()).toEqual({ crm: { ...crm, orders: ['c'], deep: { er: { x: 1, y: 2 } } }, other: 0 });
      expect((await upsert({ crm: { deep: 'flat now' } })).status).toBe(204);
      expect(await shown()).toMatchObject({ crm: { deep: 'flat now', id: '77' } });
      expect((await upsert({ crm: { id: { system: 'x' } } })).status).toBe(204);
      expect(await shown()).toMatchObject({ crm: { id: { system: 'x' } } });
      expect(await idsMatching(system.api, `source:${source.id} AND metadata.user_data.crm.id.system:x`)).toEqual([id]);
    });

    // Contract, Metadata: subject conversation|message|channel.
    it('messages and channels have metadata too', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      const [message] = await listMessages(system.api, id);
      const upsert = (subject: string, subjectId: string) =>
        system.api.expect(204, '/metadata.upsert', { subject, id: subjectId, data: { seen: { by: 42 } } });
      await upsert('message', message?.id ?? '');
      await upsert('channel', source.channel.id);
      const userData = { user_data: { seen: { by: 42 } } };
      expect((await listMessages(system.api, id))[0]?.metadata).toMatchObject(userData);
      expect((await conversationInfo(system.api, id)).last_message.metadata).toMatchObject(userData);
      const channel = await system.api.expect<Channel>(200, '/channels.info', { channel_id: source.channel.id });
      expect(channel.metadata).toMatchObject({ name: source.channel.metadata.name, ...userData });
    });

    // Contract, Metadata: data must be an object, else 400. Errors: nothing of the call is kept.
    it('what is no metadata is refused', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      for (const data of ['text', 7, true, null, ['a']]) {
        await system.api.refused(400, '/metadata.upsert', { subject: 'conversation', id, data });
      }
      await system.api.refused(400, '/metadata.upsert', { subject: 'user', id, data: { a: 1 } });
      await system.api.refused(400, '/metadata.upsert', { subject: 'conversation', data: { a: 1 } });
      expect((await conversationInfo(system.api, id)).metadata).not.toHaveProperty('user_data');
    });

    // Contract, Metadata: metadata of sources.webhook is not prefixed. Ingest: it may come before its message.
    it("a source's metadata stands under its own keys, also where it comes before its message", async (system) => {
      const source = await givenSource(system);
      const name = unique('c');
      const first = source.message(name);
      await source.deliver(
        [],
        [
          {
            namespace: 'conversation',
            source_id: name,
            metadata: { language: 'pt', contact: { display_name: 'Lin' } },
          },
          { namespace: 'message', source_id: first.source_message_id, metadata: { rating: 5 } },
        ],
      );
      expect(await source.list()).toEqual([]);
      const id = (await source.tell([first])).get(name) ?? '';
      await eventually(async () => {
        const info = await conversationInfo(system.api, id);
        expect(info.metadata).toMatchObject({ language: 'pt', contact: { display_name: 'Lin' }, unread_count: 1 });
        expect(info.last_message.metadata).toMatchObject({ rating: 5 });
      });
    });

    // Contract, Ingest: other metadata never changes unread_count.
    it('metadata that looks like a counter changes no counter', async (system) => {
      const source = await givenSource(system);
      const name = unique('c');
      const id = (await source.tell([source.message(name)])).get(name) ?? '';
      const metadata = { marker: 'set', language: 'de' };
      await source.deliver([], [{ namespace: 'conversation', source_id: name, metadata }]);
      await eventually(async () => expect((await conversationInfo(system.api, id)).metadata).toMatchObject(metadata));
      await system.api.expect(204, '/metadata.upsert', { subject: 'conversation', id, data: { unread_count: 99 } });
      expect((await conversationInfo(system.api, id)).metadata.unread_count).toBe(1);
      expect(await idsMatching(system.api, `source:${source.id} AND unread_count:1`)).toEqual([id]);
    });

    // Airy, API reference of the first generation: metadata.set and metadata.remove, key under user_data.
    it('metadata.set and metadata.remove change one key', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      const set = await system.api.expect(200, '/metadata.set', { conversation_id: id, key: 'ad.id', value: '7' });
      expect(set).toEqual({});
      expect((await conversationInfo(system.api, id)).metadata.user_data).toEqual({ ad: { id: '7' } });
      expect(await system.api.expect(200, '/metadata.remove', { conversation_id: id, key: 'ad.id' })).toEqual({});
      expect((await conversationInfo(system.api, id)).metadata).not.toMatchObject({
        user_data: { ad: expect.anything() },
      });
      await system.api.expect(200, '/metadata.remove', { conversation_id: id, key: 'never.set' });
    });
  });
}
