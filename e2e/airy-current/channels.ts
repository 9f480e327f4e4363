import type { SystemUnderTest } from '../harness';
import { type Channel, uuidPattern } from '../support/shapes';
import { givenSource, unique } from '../support/world';

const unknownId = '00000000-0000-4000-8000-000000000000';

export function channelCases({ it }: SystemUnderTest): void {
  describe('channels', () => {
    const list = async (system: SystemUnderTest['system'], source?: string) =>
      (await system.api.expect<{ data: Channel[] }>(200, '/channels.list', source === undefined ? {} : { source }))
        .data;

    // Airy, Channels, List and info. Contract, Sources, channels.
    it('channels.list leaves disconnected ones out and filters by source', async (system) => {
      const source = await givenSource(system);
      const other = await givenSource(system);
      const { id, metadata, source_channel_id } = source.channel;
      expect(await list(system, source.id)).toEqual([
        { id, metadata, source_channel_id, source: source.id, connected: true },
      ]);
      expect((await list(system)).map((one) => one.id)).toEqual(
        expect.arrayContaining([source.channel.id, other.channel.id]),
      );
      await source.disconnect();
      expect(await list(system, source.id)).toEqual([]);
      expect((await list(system)).map((one) => one.id)).not.toContain(source.channel.id);
    });

    // Airy, Channels, Update.
    it('channels.update gives and keeps the new name', async (system) => {
      const { channel } = await givenSource(system);
      const body = { channel_id: channel.id, name: 'Front desk', image_url: 'https://cdn.example.org/desk.png' };
      const updated = await system.api.expect<Channel>(200, '/channels.update', body);
      expect(updated).toMatchObject({ id: channel.id, metadata: { name: 'Front desk', image_url: body.image_url } });
      expect(await system.api.expect<Channel>(200, '/channels.info', { channel_id: channel.id })).toEqual(updated);
      for (const path of ['/channels.info', '/channels.update']) {
        await system.api.refused(404, path, { channel_id: unknownId, name: 'x' });
        await system.api.refused(400, path, { channel_id: 'x', name: 'x' });
        await system.api.refused(400, path, {});
      }
    });

    // Contract, Provider webhooks: white space in numbers dropped, same number same id; no call to the provider.
    it('a Twilio number is one channel, however it is written', async (system) => {
      const digits = String(4_000_000_000 + Math.floor(process.pid * 1000));
      const number = `+49${digits}`;
      const spaced = `+49 ${digits.slice(0, 4)} ${digits.slice(4)} `;
      for (const [kind, prefix] of [
        ['twilio.sms', ''],
        ['twilio.whatsapp', 'whatsapp:'],
      ] as const) {
        const connect = (phone_number: string, name: string) =>
          system.api.expect<Channel>(200, `/channels.${kind}.connect`, { phone_number, name });
        const channel = await connect(`${prefix}${spaced}`, 'Receipts');
        expect(channel).toMatchObject({
          id: expect.stringMatching(uuidPattern),
          source: kind,
          source_channel_id: `${prefix}${number}`,
          connected: true,
          metadata: { name: 'Receipts' },
        });
        expect(await connect(`${prefix}${number}`, 'Renamed')).toMatchObject({
          id: channel.id,
          metadata: { name: 'Renamed' },
        });
        const gone = await system.api.post(`/channels.${kind}.disconnect`, { channel_id: channel.id });
        expect([gone.status, gone.text]).toEqual([204, '']);
        await system.api.expect(204, `/channels.${kind}.disconnect`, { channel_id: channel.id });
        await system.api.refused(404, `/channels.${kind}.disconnect`, { channel_id: unknownId });
        expect((await list(system, kind)).map((one) => one.id)).not.toContain(channel.id);
        await system.api.refused(400, `/channels.${kind}.connect`, { name: 'no number' });
      }
    });

    // Airy, Channels, Chat plugin. Contract, Root responses: second time 202 or 204; Errors: unknown 400 or 404.
    it('a chat plugin is connected and disconnected', async (system) => {
      const name = unique('site');
      const channel = await system.api.expect<Channel>(200, '/channels.chatplugin.connect', { name });
      expect(channel).toMatchObject({ source: 'chatplugin', connected: true, metadata: { name } });
      const disconnect = (id: string) => system.api.post('/channels.chatplugin.disconnect', { channel_id: id });
      expect((await disconnect(channel.id)).status).toBe(204);
      expect([202, 204]).toContain((await disconnect(channel.id)).status);
      expect([400, 404]).toContain((await disconnect(unknownId)).status);
      await system.api.refused(400, '/channels.chatplugin.connect', {});
    });
  });
}
