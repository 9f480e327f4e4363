import type { SystemUnderTest } from '../harness';
import { baseTime, conversationInfo, givenSource, idsMatching, listMessages, unique } from '../support/world';

export function readYourWritesCases({ it }: SystemUnderTest): void {
  describe('read your writes', () => {
    // Contract, Read your writes: the very next reads show it, also with 8 clients at once.
    it('eight clients see each of their own changes in the very next reads', async (system) => {
      const source = await givenSource(system);
      const { api } = system;
      const tag = await api.expect<{ id: string }>(201, '/tags.create', { name: unique('t'), color: 'tag-purple' });
      const ids = await source.tell(
        Array.from({ length: 8 }, (_, i) => source.message(`c${i}`, { sent_at: baseTime + i })),
      );
      const found = async (filters: string, id: string) =>
        (await idsMatching(api, `source:${source.id} AND ${filters}`)).includes(id);
      const client = async (id: string, number: number) => {
        for (let round = 0; round < 5; round += 1) {
          const body = { conversation_id: id };
          const at = `n${number}r${round}`;
          await api.expect(204, '/conversations.tag', { ...body, tag_id: tag.id });
          expect(await found(`tag_ids:${tag.id}`, id)).toBe(true);
          await api.expect(204, '/conversations.untag', { ...body, tag_id: tag.id });
          expect(await found(`tag_ids:${tag.id}`, id)).toBe(false);
          await api.expect(204, '/conversations.set-state', { ...body, state: 'CLOSED' });
          expect(await found('metadata.state:CLOSED', id)).toBe(true);
          await api.expect(204, '/conversations.remove-state', body);
          expect(await found('NOT metadata.state:CLOSED', id)).toBe(true);
          await api.expect(204, '/conversations.update-contact', { ...body, display_name: `Person ${at}` });
          expect(await found(`display_name:${at}`, id)).toBe(true);
          await api.expect(204, '/metadata.upsert', { subject: 'conversation', id, data: { round: at } });
          expect(await found(`metadata.user_data.round:${at}`, id)).toBe(true);
          expect((await conversationInfo(api, id)).metadata.user_data).toEqual({ round: at });
          const [message] = await listMessages(api, id);
          await api.expect(204, '/metadata.upsert', { subject: 'message', id: message?.id ?? '', data: { round: at } });
          expect((await listMessages(api, id))[0]?.metadata).toMatchObject({ user_data: { round: at } });
          await api.expect(204, '/conversations.mark-read', body);
          expect(await found('unread_count:0', id)).toBe(true);
          expect((await conversationInfo(api, id)).metadata.unread_count).toBe(0);
        }
      };
      await Promise.all([...ids.values()].map(client));
    });

    // Contract, Read your writes: channels.info as well.
    it('a channel shows its new name in the very next reads', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      for (const name of ['one', 'two', 'three']) {
        await system.api.expect(200, '/channels.update', { channel_id: source.channel.id, name });
        const info = await system.api.expect(200, '/channels.info', { channel_id: source.channel.id });
        expect(info).toMatchObject({ metadata: { name } });
        expect((await conversationInfo(system.api, id)).channel.metadata.name).toBe(name);
      }
    });

    // Design, Commands and reads: a write's answer carries the position, a later read may demand it.
    it('a read may demand the position of a write', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      const write = await system.api.post('/conversations.set-state', { conversation_id: id, state: 'OPEN' });
      const position = write.header('parley-position') ?? '';
      expect(position).toMatch(/^\d+\/\d+$/);
      const read = (atLeast: string) =>
        system.api.post('/conversations.info', { conversation_id: id }, { headers: { 'parley-at-least': atLeast } });
      expect((await read(position)).json()).toMatchObject({ metadata: { state: 'OPEN' } });
      expect((await read('soon')).status).toBe(400);
    });
  });
}
