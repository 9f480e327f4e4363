import type { SystemUnderTest } from '../harness';
import type { JsonObject } from '../support/client';
import { eventually } from '../support/eventually';
import { type Channel, type Message, timePattern, uuidPattern } from '../support/shapes';
import { conversationInfo, idsMatching, listMessages, unique } from '../support/world';

interface Session {
  readonly token: string;
  readonly messages: readonly Message[];
}

type System = SystemUnderTest['system'];

const connect = (system: System) =>
  system.api.expect<Channel>(200, '/channels.chatplugin.connect', { name: unique('site') });

const authenticate = (system: System, body: Record<string, string>) =>
  system.ingest.expect<Session>(200, '/chatplugin.authenticate', body, { token: null });

const say = (system: System, token: string, text: string) =>
  system.ingest.withToken(token).expect<Message>(200, '/chatplugin.send', { message: { text } });

async function conversationOf(system: System, channel: Channel): Promise<string> {
  return eventually(async () => {
    const ids = await idsMatching(system.api, `channel_id:${channel.id}`);
    expect(ids).toHaveLength(1);
    return ids[0] ?? '';
  });
}

export function chatPluginCases({ it }: SystemUnderTest): void {
  describe('chat plugin', () => {
    // Airy, Chat plugin, HTTP API. Contract, Chat plugin.
    it('a visitor authenticates and sends; the conversation exists from the first message', async (system) => {
      const channel = await connect(system);
      const session = await authenticate(system, { channel_id: channel.id });
      expect(session).toMatchObject({ token: expect.any(String), messages: [] });
      expect(await idsMatching(system.api, `channel_id:${channel.id}`)).toEqual([]);
      const sent = await say(system, session.token, 'Hi');
      expect(sent).toMatchObject({
        id: expect.stringMatching(uuidPattern),
        content: { text: 'Hi' },
        state: 'DELIVERED',
        delivery_state: 'DELIVERED',
        from_contact: true,
        sent_at: expect.stringMatching(timePattern),
        source: 'chatplugin',
      });
      const id = await conversationOf(system, channel);
      const [listed] = await listMessages(system.api, id);
      expect(listed).toMatchObject({
        id: sent.id,
        content: sent.content,
        sent_at: sent.sent_at,
        sender: { id: sent.sender.id },
      });
      expect((await conversationInfo(system.api, id)).metadata).toMatchObject({
        contact: { display_name: `Chatplugin ${id.slice(-5)}` },
        unread_count: 1,
      });
    });

    // Airy, Chat plugin, resume. Contract: history is oldest first.
    it('a resumed session has the history, oldest first, and goes on', async (system) => {
      const channel = await connect(system);
      const { token } = await authenticate(system, { channel_id: channel.id });
      for (const text of ['one', 'two', 'three']) await say(system, token, text);
      const id = await conversationOf(system, channel);
      await eventually(async () => expect(await listMessages(system.api, id)).toHaveLength(3));
      const { resume_token } = await system.ingest
        .withToken(token)
        .expect<{ resume_token: string }>(200, '/chatplugin.resumeToken');
      const resumed = await authenticate(system, { resume_token });
      expect(resumed.messages.map((one) => one.content)).toEqual([{ text: 'one' }, { text: 'two' }, { text: 'three' }]);
      await say(system, resumed.token, 'four');
      await eventually(async () => expect(await listMessages(system.api, id)).toHaveLength(4));
    });

    // Contract, Chat plugin: resumeToken with the system token.
    it('an operator makes a resume token for any conversation', async (system) => {
      const channel = await connect(system);
      const ids = { channel_id: channel.id, conversation_id: '6f6f3c5e-2c09-4d4c-9d1e-0a7a5f3f8b11' };
      const halves: JsonObject[] = [{}, { channel_id: ids.channel_id }, { conversation_id: ids.conversation_id }];
      for (const body of halves) {
        await system.ingest.refused(400, '/chatplugin.resumeToken', body);
      }
      const { resume_token } = await system.ingest.expect<{ resume_token: string }>(
        200,
        '/chatplugin.resumeToken',
        ids,
      );
      const { token, messages } = await authenticate(system, { resume_token });
      expect(messages).toEqual([]);
      await say(system, token, 'It is me');
      expect(await conversationOf(system, channel)).toBe(ids.conversation_id);
    });

    // Contract, Chat plugin: unknown or disconnected channel 404, neither field 400, bad resume token 401.
    it('who has no channel and no good token gets none', async (system) => {
      const anybody = system.ingest.withToken(null);
      await anybody.refused(400, '/chatplugin.authenticate', {});
      await anybody.refused(404, '/chatplugin.authenticate', { channel_id: '00000000-0000-4000-8000-000000000000' });
      const channel = await connect(system);
      const { token } = await authenticate(system, { channel_id: channel.id });
      for (const resume_token of ['x', 'a.b.c', token]) {
        await anybody.refused(401, '/chatplugin.authenticate', { resume_token });
      }
      const { resume_token } = await system.ingest
        .withToken(token)
        .expect<{ resume_token: string }>(200, '/chatplugin.resumeToken');
      for (const bad of [null, '', 'x', resume_token]) {
        const answer = await system.ingest.withToken(bad).post('/chatplugin.send', { message: { text: 'no' } });
        expect([401, 403]).toContain(answer.status);
      }
      const atTheApi = await system.api.withToken(token).post('/conversations.list', {});
      expect([401, 403]).toContain(atTheApi.status);
      await system.ingest.withToken(token).refused(400, '/chatplugin.send', {});
      await system.api.expect(204, '/channels.chatplugin.disconnect', { channel_id: channel.id });
      await anybody.refused(404, '/chatplugin.authenticate', { channel_id: channel.id });
    });
  });
}
