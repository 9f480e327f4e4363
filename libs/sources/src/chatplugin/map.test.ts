import { CAUSE, channelOf, eventsIn, RECEIVED_AT, rawOf } from '../../test/fixtures';
import { mapChatplugin } from './map';

const channel = channelOf('chatplugin', 'Website');
const context = { conversation_id: 'c1f4', channel_id: channel.id, message_id: 'a9e2' };

describe('chatplugin', () => {
  it('takes conversation and message from what the token proved, the content from the body', () => {
    const body = { message: { text: 'Hi' }, conversation_id: 'somebody else’s' };
    const items = mapChatplugin(rawOf('chatplugin', body, { context }), { cause: CAUSE });
    expect(items).toMatchObject([{ kind: 'channel', channel: { by: 'id', channelId: channel.id } }]);
    expect(eventsIn(items, channel)).toMatchObject([
      {
        type: 'MessageReceived',
        value: {
          conversationId: 'c1f4',
          messageId: 'a9e2',
          senderId: 'c1f4',
          content: '{"text":"Hi"}',
          text: 'Hi',
          sentAt: RECEIVED_AT,
        },
      },
    ]);
  });

  it.each([
    ['no context', { message: 1 }, {}],
    ['no message', {}, context],
  ])('%s is a fault', (_, body, given) => {
    const items = mapChatplugin(rawOf('chatplugin', body, { context: given as Record<string, string> }), {
      cause: CAUSE,
    });
    expect(items).toMatchObject([{ kind: 'fault', reason: 'BAD_BODY' }]);
  });
});
