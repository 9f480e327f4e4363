import type { SystemUnderTest } from '../harness';
import { type Channel, uuidPattern } from '../support/shapes';
import { conversationInfo, givenSource, givenSourceChannel, unique } from '../support/world';

interface Source {
  readonly source_id: string;
  readonly token?: string;
  readonly action_endpoint: string | null;
  readonly name: string | null;
  readonly image_url: string | null;
}

export function sourceCases({ it }: SystemUnderTest): void {
  describe('sources', () => {
    // Contract, Sources, channels.
    it('sources.create gives a token that no list shows', async (system) => {
      const body = {
        source_id: unique('shop'),
        name: 'A shop',
        image_url: 'https://cdn.example.org/s.png',
        action_endpoint: 'https://shop.example.org/hook',
      };
      const { token, ...rest } = await system.api.expect<Source>(200, '/sources.create', body);
      expect(rest).toEqual(body);
      expect(token).toEqual(expect.any(String));
      const list = await system.api.post('/sources.list');
      expect(list.json<{ data: Source[] }>().data).toContainEqual(expect.objectContaining(body));
      expect(list.text).not.toContain(token);
      await system.api.refused(409, '/sources.create', body);
    });

    // Contract, Sources: action_endpoint must be a URL; Ingest: a lower-case name that is no built-in source's.
    it('names and addresses that can not serve are refused', async (system) => {
      for (const source_id of ['Shop', 'my shop', '', 7, null, '/x', 'ä']) {
        await system.api.refused(400, '/sources.create', { source_id });
      }
      for (const source_id of ['facebook', 'chatplugin', 'twilio.sms', 'instagram']) {
        const answer = await system.api.post('/sources.create', { source_id });
        expect([source_id, [400, 409].includes(answer.status)]).toEqual([source_id, true]);
      }
      for (const action_endpoint of ['nowhere', 'ftp://x.example.org', 7]) {
        await system.api.refused(400, '/sources.create', { source_id: unique('shop'), action_endpoint });
      }
    });

    // Contract, Sources: update; unknown id 404.
    it('sources.update changes what it names', async (system) => {
      const { id } = await givenSource(system);
      const body = { source_id: id, name: 'New name', action_endpoint: 'https://shop.example.org/two' };
      await system.api.expect(200, '/sources.update', body);
      const { data } = await system.api.expect<{ data: Source[] }>(200, '/sources.list');
      expect(data).toContainEqual(expect.objectContaining(body));
      await system.api.refused(404, '/sources.update', { ...body, source_id: unique('nobody') });
    });

    // Contract, Sources: after sources.delete the token is refused.
    it('sources.delete ends the token', async (system) => {
      const source = await givenSource(system);
      const answer = await system.api.post('/sources.delete', { source_id: source.id });
      expect([answer.status, answer.text]).toEqual([202, '']);
      const calls = [
        await source.ingest.post('/sources.webhook', { messages: [source.message('c')] }),
        await system.api.withToken(source.token).post('/sources.channels.list', {}),
      ];
      for (const { status } of calls) expect([401, 403, 404]).toContain(status);
      await system.api.expect(202, '/sources.delete', { source_id: unique('never-was') });
    });

    // Contract, Sources, channels: channel object; the same id and the new name; metadata is not prefixed.
    it('sources.channels.create twice gives the same id and the new name', async (system) => {
      const { id, token } = await givenSource(system);
      const api = system.api.withToken(token);
      const body = { name: 'Counter', source_channel_id: 'counter-1', metadata: { region: { code: 'eu' } } };
      const channel = await api.expect<Channel>(201, '/sources.channels.create', body);
      expect(channel).toMatchObject({
        id: expect.stringMatching(uuidPattern),
        source: id,
        source_channel_id: 'counter-1',
        connected: true,
        metadata: { name: 'Counter', region: { code: 'eu' } },
      });
      const again = await api.expect<Channel>(201, '/sources.channels.create', { ...body, name: 'Desk' });
      expect(again).toMatchObject({ id: channel.id, metadata: { name: 'Desk' } });
      const { data } = await api.expect<{ data: Channel[] }>(200, '/sources.channels.list', {});
      expect(data.filter((one) => one.id === channel.id)).toEqual([again]);
    });

    // Contract, Sources, channels: another source's channel: disconnect -> 403; 204 a second time too; unknown 404.
    it("sources.channels.disconnect is for one's own channels", async (system) => {
      const source = await givenSource(system);
      const other = await givenSource(system);
      const conversation = await source.conversation();
      const body = { channel_id: source.channel.id };
      await system.api.withToken(other.token).refused(403, '/sources.channels.disconnect', body);
      await source.disconnect();
      await source.disconnect();
      await system.api
        .withToken(source.token)
        .refused(404, '/sources.channels.disconnect', { channel_id: '00000000-0000-4000-8000-000000000000' });
      const { data } = await system.api.expect<{ data: Channel[] }>(200, '/channels.list', { source: source.id });
      expect(data).toEqual([]);
      expect((await conversationInfo(system.api, conversation)).channel).toMatchObject({ connected: false });
    });

    // Contract, Authorization: which token opens what.
    it('a source token opens its own calls alone, the system token not those', async (system) => {
      const source = await givenSource(system);
      const asSource = system.api.withToken(source.token);
      for (const path of ['/sources.create', '/sources.list', '/sources.update', '/sources.delete']) {
        await asSource.refused(403, path, { source_id: source.id });
      }
      for (const path of ['/sources.channels.create', '/sources.channels.list', '/sources.channels.disconnect']) {
        await system.api.refused(403, path, { name: 'x', source_channel_id: 'x', channel_id: source.channel.id });
      }
      await system.ingest.refused(403, '/sources.webhook', { messages: [source.message('c')] });
      const foreign = await asSource.post('/conversations.list', {});
      expect([401, 403]).toContain(foreign.status);
    });

    // Contract, Ingest: a source and its channels can be used as soon as the call that made them has answered.
    it('a source is usable at once', async (system) => {
      const answers = await Promise.all(
        Array.from({ length: 4 }, async () => {
          const source = await givenSource(system);
          const channel = await givenSourceChannel(system, source.token);
          const message = source.message('c', { source_channel_id: channel.source_channel_id });
          return [await source.tell([message]), channel] as const;
        }),
      );
      for (const [found, channel] of answers) {
        const info = await conversationInfo(system.api, found.get('c') ?? '');
        expect(info.channel.id).toBe(channel.id);
      }
    });
  });
}
