/** Appends messages of many conversations to the log: `seed-events.js <conversations> <events> [<first message number>]`. */
import { type ConversationEvent, ids, topicSpec, topics } from '@parley/contracts';
import { createLogger, EventWriter, loadConfig, openLog } from '@parley/service-kit';
import { benchChannel, benchSource } from './reference';

const BATCH = 5_000;
const FIRST_AT = 1_714_550_400_000;

function messageOf(conversation: number, message: number): ConversationEvent {
  const conversationId = ids.conversationOfSource(1, benchSource.id, `c-${conversation}`);
  const messageId = ids.messageOfSource(1, benchSource.id, `m-${message}`);
  const text = `Message ${message}: where is my parcel, and when does it come?`;
  return {
    type: 'MessageReceived',
    value: {
      eventId: messageId,
      accountId: 1,
      conversationId,
      occurredAt: FIRST_AT + message,
      actorKind: 'contact',
      actorId: null,
      cause: null,
      messageId,
      channelId: benchChannel.id,
      source: benchSource.id,
      sourceMessageId: `m-${message}`,
      sourceConversationId: `c-${conversation}`,
      sourceContactId: `buyer-${conversation}`,
      fromContact: message % 3 !== 0,
      senderId: `buyer-${conversation}`,
      content: JSON.stringify({ text }),
      text,
      supported: true,
      sentAt: FIRST_AT + message,
      headers: {},
    },
  };
}

async function main(): Promise<void> {
  const [conversations = 0, events = 0, first = 0] = process.argv.slice(2).map(Number);
  const config = loadConfig(process.env);
  const { log, registry } = await openLog(config, createLogger('seed', config.logLevel));
  await log.ensureTopics([topicSpec(topics.conversationEvents, config.partitions)]);
  const writer = await EventWriter.open(log, registry);
  for (let at = first; at < first + events; at += BATCH) {
    const count = Math.min(BATCH, first + events - at);
    // A stride that shares no factor with the count visits the conversations in no order that a cache would like.
    await writer.append(Array.from({ length: count }, (_, i) => messageOf(((at + i) * 7_919) % conversations, at + i)));
  }
  await log.close();
}

void main();
