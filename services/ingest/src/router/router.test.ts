import { rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type ConversationEvent, ids, RegistryError, rawTopic, topics } from '@parley/contracts';
import { type Log, LogError } from '@parley/log';
import { Harness, until } from '../../test/harness';

const messagesOf = (events: readonly ConversationEvent[]) =>
  events.flatMap((event) => (event.type === 'MessageReceived' ? [event.value] : []));
const eventIds = (events: readonly ConversationEvent[]) => new Set(events.map((event) => event.value.eventId));

const facebookText = (mid: string, text: string, contact = '7001') => ({
  sender: { id: contact },
  recipient: { id: 'page-1' },
  timestamp: 1714550400100,
  message: { mid, text },
});
const facebook = (...messaging: readonly object[]) => ({
  object: 'page',
  entry: [{ id: 'page-1', time: 1, messaging }],
});

const shopText = (id: string, conversation = 'c-1') => ({
  source_message_id: id,
  source_conversation_id: conversation,
  source_channel_id: 'web',
  source_sender_id: 'buyer',
  content: { text: id },
  sent_at: 1714550400000,
});
const metadataOf = (namespace: 'conversation' | 'message', source_id: string, metadata: object) => ({
  namespace,
  source_id,
  metadata,
});

class Gate {
  open: () => void = () => undefined;
  passed: Promise<void> = Promise.resolve();

  close(): void {
    this.passed = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

/** The log, but while the gate is closed a topic's records come only once its end has been asked for. */
function lateToHear(late: string, log: Log, gate: Gate): Log {
  const reader: Log['reader'] = async (topic, from) => {
    const inner = await log.reader(topic, from);
    if (topic !== late) return inner;
    return {
      positions: () => inner.positions(),
      close: () => inner.close(),
      next: async (options) => {
        const batch = await inner.next(options);
        if (batch) await gate.passed;
        return batch;
      },
    };
  };
  const ends: Log['ends'] = async (topic) => {
    const found = await log.ends(topic);
    if (topic === late) gate.open();
    return found;
  };
  return withCalls(log, { reader, ends });
}

/** The log, but for some of its calls. */
function withCalls(log: Log, own: Partial<Log>): Log {
  return new Proxy(log, {
    get: (target, name) => {
      const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('router', () => {
  let harness: Harness;

  beforeEach(async () => {
    harness = await Harness.open();
  });
  afterEach(() => harness.close());

  const shop = (body: object) => harness.receive('shop', body, { accountId: 1 });

  it('a request delivered again is the same events', async () => {
    await harness.channel('facebook', 'page-1');
    await harness.start();
    const request = facebook(facebookText('m1', 'Hi'), {
      ...facebookText('', ''),
      message: undefined,
      read: { watermark: 5 },
    });
    for (let i = 0; i < 3; i++) await harness.receive('facebook', request, { key: 'page-1' });
    await harness.routed('facebook');
    const events = await harness.events();
    expect(events).toHaveLength(6);
    expect(eventIds(events).size).toBe(2);
  });

  it('two messages at once in one conversation are two, in order', async () => {
    const channel = await harness.channel('facebook', 'page-1');
    await harness.start();
    await harness.receive('facebook', facebook(facebookText('a', 'one'), facebookText('b', 'two')));
    await harness.routed('facebook');
    const messages = messagesOf(await harness.events());
    expect(messages.map((message) => message.text)).toEqual(['one', 'two']);
    expect(new Set(messages.map((message) => message.conversationId))).toEqual(
      new Set([ids.conversationOfContact(channel.id, '7001')]),
    );
  });

  it('carries a thousand updates of one request, and the bad one among them stays alone', async () => {
    await harness.channel('facebook', 'page-1');
    await harness.start();
    const updates: object[] = Array.from({ length: 1000 }, (_, i) =>
      facebookText(`m${i}`, `${i}`, `contact-${i % 50}`),
    );
    updates[500] = { sender: {}, message: { text: 'from nobody' } };
    await harness.receive('facebook', facebook(...updates));
    await harness.routed('facebook');
    expect(messagesOf(await harness.events())).toHaveLength(999);
    expect(await harness.deadLetters('facebook')).toMatchObject([
      { topic: 'source.facebook.events', item: 'entry.0.messaging.500', reason: 'BAD_ITEM' },
    ]);
  });

  it('dead-letters what can not be read, and goes on', async () => {
    await harness.channel('facebook', 'page-1');
    await harness.start();
    await harness.ctx.log.append('source.facebook.events', [{ key: 'page-1', value: Buffer.from('no frame at all') }]);
    await harness.receive('facebook', 'no JSON', { key: 'page-1' });
    await harness.receive('facebook', facebook(facebookText('m1', 'Hi')), { key: 'page-1' });
    await harness.routed('facebook');
    expect((await harness.deadLetters('facebook')).map(({ reason }) => reason)).toEqual(['BAD_FRAME', 'BAD_BODY']);
    expect(messagesOf(await harness.events())).toHaveLength(1);
  });

  it('dead-letters more than one append may have, and what does not fit a letter without its value', async () => {
    const { log } = harness.ctx;
    const most = 4_000;
    const append: Log['append'] = async (topic, records) => {
      const bytes = records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0);
      const isDead = topic.endsWith('.dead-letters');
      if (isDead && bytes > most) throw new LogError('RECORD_TOO_LARGE', `${bytes} bytes`);
      return log.append(topic, records);
    };
    const raw = rawTopic('facebook').name;
    const garbage = (bytes: number) => Buffer.alloc(bytes, 'garbage');
    await log.append(raw, [
      ...[1, 2, 3].map((index) => ({ key: `k${index}`, value: garbage(1_500), partition: 0 })),
      { key: 'large', value: garbage(4_500), partition: 0 },
      { key: 'k'.repeat(4_500), value: garbage(10), partition: 0 },
    ]);
    await harness.start({ ...harness.ctx, log: withCalls(log, { append }) });
    await harness.routed('facebook');
    const letters = await harness.deadLetters('facebook');
    expect(letters.map(({ offset, key, value }) => [offset, key, value?.length ?? null])).toEqual([
      [0, 'k1', 1_500],
      [1, 'k2', 1_500],
      [2, 'k3', 1_500],
      [3, 'large', null],
      [4, null, null],
    ]);
    expect(letters[3]?.detail).toContain('4500 bytes');
  });

  it('a registry that is away holds its record up, and nothing is lost or said twice for it', async () => {
    await harness.channel('facebook', 'page-1');
    let asked = 0;
    let isAway = true;
    const { registry } = harness.ctx;
    await harness.start({
      ...harness.ctx,
      registry: {
        idOf: (subject, schema) => registry.idOf(subject, schema),
        register: (subject, schema) => registry.register(subject, schema),
        schemaOf: async (id) => {
          asked += 1;
          if (isAway) throw new RegistryError('REGISTRY_UNAVAILABLE', 'away');
          return registry.schemaOf(id);
        },
      },
    });
    const unknown = Buffer.from([0, 0, 1, 0, 0, 7]);
    const raw = rawTopic('facebook').name;
    await harness.receive('facebook', facebook(facebookText('a', 'before')), { key: 'page-1' });
    await harness.ctx.log.append(raw, [{ key: 'page-1', value: unknown }]);
    await harness.receive('facebook', facebook(facebookText('b', 'after')), { key: 'page-1' });
    await until(() => asked >= 3);
    expect(await harness.deadLetters('facebook')).toEqual([]);
    expect(messagesOf(await harness.events()).map(({ text }) => text)).not.toContain('after');
    isAway = false;
    await harness.routed('facebook');
    expect(await harness.deadLetters('facebook')).toEqual([
      expect.objectContaining({ reason: 'UNKNOWN_SCHEMA_ID', topic: raw }),
    ]);
    expect(messagesOf(await harness.events()).map(({ text }) => text)).toEqual(['before', 'after']);
  });

  it('a start that finds the log away leaves nothing behind, and the next one works', async () => {
    const { log } = harness.ctx;
    const withoutGroups = new Proxy(log, {
      get: (target, name) => {
        if (name !== 'consumer') return Reflect.get(target, name).bind(target);
        return async () => {
          throw new LogError('LOG_UNAVAILABLE', 'no broker can be reached');
        };
      },
    });
    const failed = harness.start({ ...harness.ctx, log: withoutGroups });
    await expect(failed).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await harness.channel('facebook', 'page-1');
    await harness.start();
    await harness.receive('facebook', facebook(facebookText('a', 'one')));
    await harness.routed('facebook');
    expect(messagesOf(await harness.events()).map(({ text }) => text)).toEqual(['one']);
  });

  it('metadata may come before its message, and waits over a restart', async () => {
    await harness.source('shop');
    await harness.channel('shop', 'web');
    await harness.start();
    await shop({
      metadata: [metadataOf('message', 'm1', { color: 'red' }), metadataOf('conversation', 'c-1', { vip: true })],
    });
    await harness.routed('shop');
    expect((await harness.events()).map((event) => event.type)).toEqual(['ConversationMetadataChanged']);
    await harness.stop();
    await harness.start();
    await shop({ messages: [shopText('m1')] });
    await harness.routed('shop');
    const conversationId = ids.conversationOfSource(1, 'shop', 'c-1');
    expect(await harness.events()).toMatchObject([
      { type: 'ConversationMetadataChanged', value: { conversationId, set: { vip: 'true' } } },
      { type: 'MessageReceived', value: { conversationId } },
      { type: 'MessageMetadataChanged', value: { conversationId, set: { color: '"red"' } } },
    ]);
  });

  it('metadata finds a message that came earlier, in another call', async () => {
    await harness.source('shop');
    await harness.channel('shop', 'web');
    await harness.start();
    await shop({ messages: [shopText('m1')] });
    await shop({ metadata: [metadataOf('message', 'm1', { a: { b: 1 } })] });
    await harness.routed('shop');
    expect((await harness.events())[1]).toMatchObject({
      type: 'MessageMetadataChanged',
      value: { messageId: ids.messageOfSource(1, 'shop', 'm1'), set: { 'a.b': '1' } },
    });
  });

  it('a message id belongs to the first conversation that has it', async () => {
    await harness.source('shop');
    await harness.channel('shop', 'web');
    await harness.start();
    await shop({ messages: [shopText('m1', 'c-1'), shopText('m1', 'c-2')] });
    await shop({ messages: [shopText('m1', 'c-3'), shopText('m1', 'c-1')] });
    await harness.routed('shop');
    const messages = messagesOf(await harness.events());
    expect(new Set(messages.map((message) => message.conversationId))).toEqual(
      new Set([ids.conversationOfSource(1, 'shop', 'c-1')]),
    );
  });

  it('a source that is made while it runs is read', async () => {
    await harness.start();
    await harness.source('newcomer');
    await harness.channel('newcomer', 'web');
    await harness.receive('newcomer', { messages: [shopText('m1')] }, { accountId: 1 });
    await harness.routed('newcomer');
    expect(messagesOf(await harness.events())).toMatchObject([{ source: 'newcomer' }]);
  });

  it('what came for an unknown channel is one dead letter, and comes through when it is connected', async () => {
    await harness.start();
    await harness.receive('facebook', facebook(facebookText('a', 'one'), facebookText('b', 'two')));
    await harness.routed('facebook');
    expect(await harness.events()).toEqual([]);
    expect(await harness.deadLetters('facebook')).toMatchObject([{ reason: 'UNKNOWN_CHANNEL' }]);
    await harness.channel('facebook', 'page-1');
    await until(async () => (await harness.events()).length > 0);
    expect(messagesOf(await harness.events()).map((message) => message.text)).toEqual(['one', 'two']);
  });

  it.each([
    ['while nobody looked', false],
    ['and what was remembered is lost', true],
  ])('a disconnected channel’s messages come through after a restart, connected %s', async (_, lost) => {
    await harness.channel('facebook', 'page-1', false);
    await harness.start();
    await harness.receive('facebook', facebook(facebookText('a', 'one')));
    await harness.routed('facebook');
    await harness.stop();
    if (lost) rmSync(join(harness.ctx.config.dataDir, 'ingest'), { recursive: true });
    await harness.channel('facebook', 'page-1');
    await harness.start();
    await until(async () => (await harness.events()).length > 0);
    expect(messagesOf(await harness.events())).toMatchObject([{ text: 'one' }]);
    expect(await harness.deadLetters('facebook')).toHaveLength(1);
  });

  it('a channel that goes away while its parked messages are taken in loses none of them', async () => {
    await harness.source('shop');
    await harness.start();
    for (let call = 0; call < 150; call++) await shop({ messages: [shopText(`m${call}`)] });
    await harness.routed('shop');
    await harness.channel('shop', 'web');
    await until(async () => (await harness.events()).length > 0);
    await harness.channel('shop', 'web', false);
    await harness.receive('twilio', '', { key: 'x' });
    await harness.routed('twilio');
    await harness.channel('shop', 'web');
    await until(async () => messagesOf(await harness.events()).some((message) => message.text === 'm149'));
    expect(messagesOf(await harness.events()).map((message) => message.text)).toEqual(
      Array.from({ length: 150 }, (_, i) => `m${i}`),
    );
  });

  it('what was parked for a channel comes before what came once it was connected', async () => {
    // The router learns of the channel when it asks for it, with the newer message in hand already.
    const gate = new Gate();
    await harness.start({ ...harness.ctx, log: lateToHear(topics.channels.name, harness.ctx.log, gate) });
    for (const mid of ['a', 'b', 'c']) await harness.receive('facebook', facebook(facebookText(mid, mid)));
    await harness.routed('facebook');
    gate.close();
    await harness.channel('facebook', 'page-1');
    await harness.receive('facebook', facebook(facebookText('d', 'd')));
    await harness.routed('facebook');
    expect(messagesOf(await harness.events()).map((message) => message.text)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('makes its state again where the file was cut off', async () => {
    await harness.source('shop');
    await harness.start();
    for (let call = 0; call < 100; call++) await shop({ messages: [shopText(`m${call}`)] });
    await harness.routed('shop');
    await harness.stop();
    const file = join(harness.ctx.config.dataDir, 'ingest', 'router', 'data.mdb');
    truncateSync(file, Math.floor(statSync(file).size / 2));
    await harness.start();
    await harness.channel('shop', 'web');
    await until(async () => messagesOf(await harness.events()).length >= 100);
    expect(new Set(messagesOf(await harness.events()).map((message) => message.sourceMessageId)).size).toBe(100);
  });

  it('stopped and started in the midst, it loses nothing and adds nothing', async () => {
    await harness.source('shop');
    await harness.channel('shop', 'web');
    for (let call = 0; call < 600; call++) await shop({ messages: [shopText(`m${call}`, `c-${call % 7}`)] });
    for (let i = 0; i < 3; i++) {
      await harness.start();
      await harness.stop();
    }
    await harness.start();
    await harness.routed('shop');
    const messages = messagesOf(await harness.events());
    expect(new Set(messages.map((message) => message.messageId)).size).toBe(600);
    const first = [...new Set(messages.filter((m) => m.sourceConversationId === 'c-3').map((m) => m.sourceMessageId))];
    expect(first).toEqual(
      Array.from({ length: 86 }, (_, i) => `m${i * 7 + 3}`).filter((id) => Number(id.slice(1)) < 600),
    );
  });

  it('makes lost claims again from the raw topic, without repeating the events', async () => {
    await harness.source('shop');
    await harness.channel('shop', 'web');
    await harness.start();
    await shop({ messages: [shopText('m1')], metadata: [metadataOf('message', 'm2', { late: 1 })] });
    await harness.routed('shop');
    await harness.stop();
    rmSync(join(harness.ctx.config.dataDir, 'ingest'), { recursive: true });
    await harness.start();
    await shop({
      metadata: [metadataOf('message', 'm1', { seen: true })],
      messages: [shopText('m2'), shopText('m1', 'c-9')],
    });
    await harness.routed('shop');
    expect((await harness.events()).map((event) => event.type)).toEqual([
      'MessageReceived',
      'MessageReceived',
      'MessageMetadataChanged',
      'MessageMetadataChanged',
    ]);
  });
});
