import type { SystemUnderTest } from '../harness';
import { eventually } from '../support/eventually';
import { timePattern, uuidPattern } from '../support/shapes';
import { baseTime, conversationInfo, givenSource, listMessages, unique } from '../support/world';

export function messageCases({ it }: SystemUnderTest): void {
  describe('messages', () => {
    // Contract, Root responses: message; Airy, Conversations, info: last_message.
    it('a message has the same fields in messages.list and last_message', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      const [message] = await listMessages(system.api, id);
      expect(message).toMatchObject({
        id: expect.stringMatching(uuidPattern),
        content: { text: 'Is it in stock?' },
        state: 'DELIVERED',
        delivery_state: 'DELIVERED',
        from_contact: true,
        sent_at: expect.stringMatching(timePattern),
        source: source.id,
        metadata: {},
        sender: { id: expect.stringMatching(/^contact:/) },
      });
      expect((await conversationInfo(system.api, id)).last_message).toEqual(message);
    });

    // Contract, Root responses: content is JSON as it came; a plain string stays that string.
    it('content of any JSON comes back as it came', async (system) => {
      const source = await givenSource(system);
      const contents = [
        'a plain string',
        '{"text":"quoted"}',
        '42',
        { deep: [1, null, { a: true }] },
        [1, 'two'],
        17,
        true,
        'é🙂\u0000\u2028',
      ];
      const name = unique('c');
      const sent = contents.map((content, i) => source.message(name, { content, sent_at: baseTime + i }));
      const id = (await source.tell(sent)).get(name) ?? '';
      expect((await listMessages(system.api, id)).map((one) => one.content)).toEqual([...contents].reverse());
    });

    // Contract, Root responses: newest first; same sent_at: both are listed.
    it('messages of one millisecond are all listed, the later delivered first', async (system) => {
      const source = await givenSource(system);
      const name = unique('c');
      const sent = ['first', 'second', 'third'].map((content) => source.message(name, { content, sent_at: baseTime }));
      const id = (await source.tell(sent)).get(name) ?? '';
      expect((await listMessages(system.api, id)).map((one) => one.content)).toEqual(['third', 'second', 'first']);
      expect((await conversationInfo(system.api, id)).last_message.content).toBe('third');
    });

    // Contract, Root responses: message metadata data_<url> replaces that url in the content shown.
    it('data_<url> replaces the url in the content', async (system) => {
      const source = await givenSource(system);
      const url = 'https://cdn.example.org/a.png?size=1&x=2#part';
      const name = unique('c');
      const sent = source.message(name, { content: { attachment: { url } } });
      const id = (await source.tell([sent])).get(name) ?? '';
      expect((await listMessages(system.api, id))[0]?.content).toEqual({ attachment: { url } });
      const metadata = { [`data_${url}`]: 'https://media.example.org/kept.png' };
      await source.deliver([], [{ namespace: 'message', source_id: sent.source_message_id, metadata }]);
      await eventually(async () => {
        const [message] = await listMessages(system.api, id);
        expect(message?.content).toEqual({ attachment: { url: 'https://media.example.org/kept.png' } });
      });
    });
  });
}
