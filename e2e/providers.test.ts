/** Provider webhooks as Meta and Twilio send them, against a stand-in for the Graph API. */
import { type System, secrets, useSystem } from './harness';
import type { JsonObject } from './support/client';
import { describeOnEachLog } from './support/each-log';
import { eventually } from './support/eventually';
import { firstNameOf, type GraphApi, startGraphApi } from './support/graph-api';
import { echo, entry, from, type MetaPage, postToMeta, postToTwilio, smsForm, text } from './support/providers';
import type { Channel, Conversation, Message } from './support/shapes';
import { metaSha1, metaSha256, twilio } from './support/signatures';
import { baseTime, conversationInfo, listConversations, listMessages, unique } from './support/world';

let graph: GraphApi | undefined;
const graphApi = (): GraphApi => {
  if (graph === undefined) throw new Error('the stand-in was not started');
  return graph;
};

interface Connected {
  readonly page: MetaPage;
  readonly channel: Channel;
}

async function connectPage(system: System, id = unique('page-')): Promise<Connected> {
  const body = { page_id: id, page_token: 'user-token' };
  const channel = await system.api.expect<Channel>(200, '/channels.facebook.connect', body);
  return { page: { object: 'page', id }, channel };
}

async function deliver(system: System, body: JsonObject): Promise<void> {
  const answer = await postToMeta(system, body);
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
}

/** The conversations of a channel once there are so many, newest first. */
const conversationsOf = (system: System, channel: Channel, count = 1): Promise<readonly Conversation[]> =>
  eventually(async () => {
    const { data } = await listConversations(system.api, { filters: `channel_id:${channel.id}`, page_size: 10_000 });
    expect(data).toHaveLength(count);
    return data;
  });

/** The messages of the only conversation once there are so many, newest first. */
async function messagesOf(system: System, channel: Channel, count: number): Promise<readonly Message[]> {
  const [conversation] = await conversationsOf(system, channel);
  return eventually(async () => {
    const messages = await listMessages(system.api, conversation?.id ?? '');
    expect(messages).toHaveLength(count);
    return messages;
  });
}

describeOnEachLog('provider webhooks', (log) => {
  const { it } = useSystem(async () => {
    graph = await startGraphApi();
    return { ...log(), env: { FACEBOOK_API_URL: graph.url, OUTBOUND_ALLOW: '127.0.0.0/8' } };
  });

  afterAll(() => graph?.close());

  describe('facebook and instagram', () => {
    // Contract, Provider webhooks: GET gives hub.challenge back for the right hub.verify_token alone.
    it('verification echoes the challenge for the right token alone', async (system) => {
      const ask = (token: string) =>
        system.ingest.get(`/facebook?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`, {
          token: null,
        });
      const right = await ask(secrets.facebookWebhook);
      expect([right.status, right.text]).toEqual([200, '1158201444']);
      for (const token of ['wrong', '', secrets.facebookApp]) {
        const wrong = await ask(token);
        expect([token, wrong.status]).toEqual([token, 403]);
        expect(wrong.text).not.toContain('1158201444');
      }
    });

    // Contract, Provider webhooks: signatures. Good -> 200, bad -> 403, none -> 400/401/403.
    it('only true signatures are taken; SHA-256 decides where it is sent', async (system) => {
      const { page, channel } = await connectPage(system);
      const body = entry(page, [from('7001', page, baseTime, text('signed'))]);
      const raw = JSON.stringify(body);
      const bad: Record<string, string>[] = [
        metaSha256('other-secret', raw),
        metaSha1('other-secret', raw),
        metaSha256(secrets.facebookApp, `${raw} `),
        { ...metaSha256('other-secret', raw), ...metaSha1(secrets.facebookApp, raw) },
        { 'x-hub-signature-256': 'sha256=' },
        { 'x-hub-signature-256': 'nonsense' },
        { 'x-hub-signature-256': (metaSha256(secrets.facebookApp, raw)['x-hub-signature-256'] ?? '').slice(0, -1) },
      ];
      for (const headers of bad)
        expect([headers, (await postToMeta(system, body, headers)).status]).toEqual([headers, 403]);
      expect([400, 401, 403]).toContain((await postToMeta(system, body, {})).status);
      // The last is taken by its SHA-1 alone; that it is the first message proves that no other got in.
      expect((await postToMeta(system, body, metaSha1(secrets.facebookApp, raw))).status).toBe(200);
      expect((await messagesOf(system, channel, 1))[0]?.metadata).toBeDefined();
      expect((await conversationsOf(system, channel))[0]?.metadata.unread_count).toBe(1);
    });

    // Meta, "Validating Payloads": a published example computed apart from this code.
    it('the signatures equal the known answers', async () => {
      const body = '{"entry":[]}';
      expect(metaSha1('app-secret', body)['x-hub-signature']).toBe('sha1=eb6e21b6c2a7eae9310f91503d5ee1e84669e5d3');
      expect(metaSha256('app-secret', body)['x-hub-signature-256']).toBe(
        'sha256=fe6aaed5aff30b5679e782271914a2287bdd7de6bedb495c95c24ad91e5e3fdb',
      );
      const form = { Body: 'Hi there', From: '+4915112345678', To: '+491234567' };
      expect(twilio('auth-token', 'https://core.example.org/twilio', form)['x-twilio-signature']).toBe(
        'SgGhTQqjqBLg8ZKxuHqtTzLlxMA=',
      );
    });

    // Airy, Channels, Facebook: connect asks the page's name and subscribes; the token is shown nowhere.
    it('connect takes name and picture from the page, subscribes and hides the token', async (system) => {
      const { page, channel } = await connectPage(system);
      expect(channel).toMatchObject({
        source: 'facebook',
        source_channel_id: page.id,
        connected: true,
        metadata: { name: `Page ${page.id}`, image_url: `https://cdn.example.org/${page.id}.png` },
      });
      expect(graphApi().asked.some((path) => path.startsWith('/me/subscribed_apps'))).toBe(true);
      const again = await system.api.post('/channels.facebook.connect', {
        page_id: page.id,
        page_token: 't',
        name: 'Mine',
      });
      expect(again.json()).toMatchObject({ id: channel.id, metadata: { name: 'Mine' } });
      const lists = [again.text, (await system.api.post('/channels.list')).text];
      for (const shown of lists) expect(shown).not.toMatch(/page-token|exchanged|user-token/);
    });

    // Airy, Errors: the provider's refusal is passed on, without a stack.
    it("the provider's refusal refuses the connect", async (system) => {
      graphApi().refuse(true);
      const answer = await system.api.post('/channels.facebook.connect', { page_id: 'refused', page_token: 'bad' });
      graphApi().refuse(false);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.json<{ message: string }>().message).toContain('Invalid OAuth access token');
      expect((await system.api.post('/channels.list')).text).not.toContain('"refused"');
    });

    // Airy, Sources, Facebook: message kinds; stored content is the whole element.
    it('messages, attachments, postbacks, quick replies and story replies become messages', async (system) => {
      const { page, channel } = await connectPage(system);
      const kinds: JsonObject[] = [
        text('plain'),
        {
          message: {
            mid: unique('m_'),
            attachments: [{ type: 'image', payload: { url: 'https://cdn.example.org/1.jpg' } }],
          },
        },
        { message: { mid: unique('m_'), text: 'Yes', quick_reply: { payload: 'YES' } } },
        {
          message: {
            mid: unique('m_'),
            text: 'nice',
            reply_to: { story: { url: 'https://cdn.example.org/s', id: '1' } },
          },
        },
        {
          postback: {
            mid: unique('m_'),
            title: 'Start',
            payload: 'START',
            referral: { ref: 'ad-9', source: 'SHORTLINK', type: 'OPEN_THREAD' },
          },
        },
      ];
      const sent = kinds.map((kind, i) => from('7001', page, baseTime + i, kind));
      await deliver(system, entry(page, sent));
      const messages = await messagesOf(system, channel, kinds.length);
      expect(messages.map((one) => one.content)).toEqual([...sent].reverse());
      expect(messages.every((one) => one.from_contact && one.source === 'facebook' && one.sender.id === '7001')).toBe(
        true,
      );
      expect(messages.map((one) => one.sent_at)).toEqual(
        sent.map((_, i) => new Date(baseTime + i).toISOString()).reverse(),
      );
      expect((await conversationsOf(system, channel))[0]?.metadata.unread_count).toBe(kinds.length);
    });

    // Airy, Sources, Facebook: echoes; one without an app has the recipient's id as sender. Contract, Ingest: unread counts contact messages alone.
    it('an echo is our own message; one of another app names the app', async (system) => {
      const { page, channel } = await connectPage(system);
      await deliver(
        system,
        entry(page, [
          from('7001', page, baseTime, text('question')),
          echo('7001', page, baseTime + 1, { mid: unique('m_'), text: 'from the inbox' }),
          echo('7001', page, baseTime + 2, { mid: unique('m_'), text: 'from a bot', app_id: 1234567890 }),
        ]),
      );
      const [bot, inbox, question] = await messagesOf(system, channel, 3);
      expect(question).toMatchObject({ from_contact: true });
      expect(inbox).toMatchObject({ from_contact: false, sender: { id: '7001' } });
      expect(bot).toMatchObject({ from_contact: false, sender: { id: '1234567890' } });
      expect((await conversationsOf(system, channel))[0]?.metadata.unread_count).toBe(1);
    });

    // Design, Commands and reads: the delivery state only climbs; watermarks move all messages up to them.
    it('delivery and read watermarks move our messages and make no message', async (system) => {
      const { page, channel } = await connectPage(system);
      await deliver(
        system,
        entry(page, [
          from('7001', page, baseTime, text('question')),
          echo('7001', page, baseTime + 10, { mid: 'm_answer', text: 'answer' }),
          from('7001', page, baseTime + 30, { read: { watermark: baseTime + 20 } }),
          from('7001', page, baseTime + 40, { delivery: { mids: ['m_answer'], watermark: baseTime + 20 } }),
        ]),
      );
      await eventually(async () => {
        const [answer] = await messagesOf(system, channel, 2);
        expect(answer).toMatchObject({ from_contact: false, state: 'READ', delivery_state: 'READ' });
      });
      expect((await messagesOf(system, channel, 2))[1]).toMatchObject({ from_contact: true, state: 'DELIVERED' });
    });

    // Airy, Sources, Facebook: reactions, as literal text or as the character itself.
    it('reactions are metadata of the message, and can be taken back', async (system) => {
      const { page, channel } = await connectPage(system);
      const mid = unique('m_');
      const react = (timestamp: number, reaction: JsonObject) =>
        deliver(system, entry(page, [from('7001', page, timestamp, { reaction: { mid, ...reaction } })]));
      const shows = (metadata: unknown) =>
        eventually(async () => expect((await messagesOf(system, channel, 1))[0]?.metadata).toEqual(metadata));
      await deliver(system, entry(page, [from('7001', page, baseTime, text('nice', mid))]));
      await react(baseTime + 1, { action: 'react', reaction: 'love', emoji: '\\u{2764}\\u{FE0F}' });
      await shows(expect.objectContaining({ reaction: expect.objectContaining({ emoji: '❤️' }) }));
      await react(baseTime + 2, { action: 'react', reaction: 'smile', emoji: '😀' });
      await shows(expect.objectContaining({ reaction: expect.objectContaining({ emoji: '😀' }) }));
      await react(baseTime + 3, { action: 'unreact' });
      await shows(expect.not.objectContaining({ reaction: expect.objectContaining({ emoji: expect.anything() }) }));
    });

    // Design, Ids are derived: redelivered webhooks are harmless.
    it('a webhook delivered ten times at once is one message', async (system) => {
      const { page, channel } = await connectPage(system);
      const body = entry(page, [from('7001', page, baseTime, text('once'))]);
      await Promise.all(Array.from({ length: 10 }, () => deliver(system, body)));
      await deliver(system, entry(page, [from('7001', page, baseTime + 1, text('after'))]));
      await messagesOf(system, channel, 2);
      expect((await conversationsOf(system, channel))[0]?.metadata.unread_count).toBe(2);
    });

    it('an album of pictures sent at once begins one conversation', async (system) => {
      const { page, channel } = await connectPage(system);
      const picture = (i: number) =>
        from('7001', page, baseTime, {
          message: {
            mid: unique('m_'),
            attachments: [{ type: 'image', payload: { url: `https://cdn.example.org/${i}.jpg` } }],
          },
        });
      await Promise.all(Array.from({ length: 8 }, (_, i) => deliver(system, entry(page, [picture(i)]))));
      await messagesOf(system, channel, 8);
      expect((await conversationsOf(system, channel))[0]?.metadata.unread_count).toBe(8);
    });

    it('a call with 1,000 updates is carried whole', async (system) => {
      const { page, channel } = await connectPage(system);
      const updates = Array.from({ length: 1_000 }, (_, i) =>
        from(`p${i % 20}`, page, baseTime + i, text(`update ${i}`)),
      );
      await deliver(system, entry(page, updates));
      await eventually(async () => {
        const counts = (await conversationsOf(system, channel, 20)).map((one) => one.metadata.unread_count);
        expect(counts).toEqual(Array.from({ length: 20 }, () => 50));
      });
    });

    // Airy, API reference, server faults not to copy: events of a channel not connected yet are kept.
    it('what comes before its channel is connected is there once it is', async (system) => {
      const page: MetaPage = { object: 'page', id: unique('early-') };
      await deliver(system, entry(page, [from('7001', page, baseTime, text('too early'))]));
      const { channel } = await connectPage(system, page.id);
      expect((await messagesOf(system, channel, 1))[0]?.content).toMatchObject({ message: { text: 'too early' } });
    });

    // Airy, Sources, Facebook: opt-ins, referrals and the like are no messages; nothing unknown stops what follows.
    it('kinds that are no messages, and nonsense, stop nothing', async (system) => {
      const { page, channel } = await connectPage(system);
      const none: JsonObject[] = [
        { optin: { ref: 'site', user_ref: 'u-1' } },
        { referral: { ref: 'x' } },
        { account_linking: { status: 'linked' } },
      ];
      await deliver(
        system,
        entry(
          page,
          none.map((what, i) => from('7001', page, baseTime + i, what)),
        ),
      );
      const garbage: JsonObject[] = [
        {},
        { entry: [] },
        { entry: 'x' },
        { object: 'page', entry: [{}] },
        { entry: [{ id: page.id, messaging: [7, null, {}] }] },
      ];
      for (const nonsense of garbage) {
        expect((await postToMeta(system, nonsense)).status).toBe(200);
      }
      await deliver(system, entry(page, [from('7001', page, baseTime + 9, text('after all'))]));
      expect((await messagesOf(system, channel, 1))[0]?.content).toMatchObject({ message: { text: 'after all' } });
    });

    it('a kind that nobody knows yet is shown as a message', async (system) => {
      const { page, channel } = await connectPage(system);
      const sent = from('7001', page, baseTime, { hologram: { mid: unique('m_'), shape: 'cube' } });
      await deliver(system, entry(page, [sent]));
      expect((await messagesOf(system, channel, 1))[0]?.content).toEqual(sent);
    });

    // Airy, Sources, Facebook: profile, and Conversations, Refetch conversation metadata.
    it("the contact's name and picture are fetched", async (system) => {
      const { page, channel } = await connectPage(system);
      const contact = unique('9');
      await deliver(system, entry(page, [from(contact, page, baseTime, text('who am I'))]));
      const named = () =>
        eventually(async () => {
          const [conversation] = await conversationsOf(system, channel);
          expect(conversation?.metadata.contact).toMatchObject({
            display_name: `${firstNameOf(contact)} Last`,
            avatar_url: `https://cdn.example.org/contact-${contact}.png`,
          });
          return conversation;
        });
      const conversation = await named();
      const body = { conversation_id: conversation?.id ?? '' };
      await system.api.expect(204, '/conversations.update-contact', { ...body, display_name: 'Nickname' });
      expect((await conversationInfo(system.api, body.conversation_id)).metadata.contact.display_name).toBe('Nickname');
      await system.api.expect(202, '/conversations.refetch', body);
      await named();
    });

    // Airy, Sources, Instagram: the same webhook, the account's id as entry id.
    it('instagram comes over the same webhook', async (system) => {
      const account = unique('ig-');
      const body = { page_id: unique('page-'), page_token: 'user-token', account_id: account };
      const channel = await system.api.expect<Channel>(200, '/channels.instagram.connect', body);
      expect(channel).toMatchObject({ source: 'instagram', source_channel_id: account });
      const page: MetaPage = { object: 'instagram', id: account };
      await deliver(system, entry(page, [from('8001', page, baseTime, text('from instagram'))]));
      const [message] = await messagesOf(system, channel, 1);
      expect(message).toMatchObject({ source: 'instagram', from_contact: true, sender: { id: '8001' } });
    });
  });

  describe('twilio', () => {
    const connectNumber = async (system: System, kind: 'sms' | 'whatsapp' = 'sms') => {
      const digits = unique('').replace(/\D/g, '').padStart(10, '7').slice(-10);
      const phone_number = `${kind === 'whatsapp' ? 'whatsapp:' : ''}+49${digits}`;
      const channel = await system.api.expect<Channel>(200, `/channels.twilio.${kind}.connect`, {
        phone_number,
        name: 'Receipts',
      });
      return { channel, to: channel.source_channel_id };
    };

    // Contract, Provider webhooks: /twilio X-Twilio-Signature. sender.id is Twilio's From.
    it('a text message is the raw form, sent by its From', async (system) => {
      const { channel, to } = await connectNumber(system);
      const form = smsForm({ To: to });
      expect((await postToTwilio(system, form)).status).toBe(200);
      const [message] = await messagesOf(system, channel, 1);
      expect(message).toMatchObject({ source: 'twilio.sms', from_contact: true, sender: { id: form.From } });
      expect(Object.fromEntries(new URLSearchParams(String(message?.content)))).toEqual(form);
      const [conversation] = await conversationsOf(system, channel);
      expect(conversation?.metadata.contact.display_name).toBe(`Sms ${conversation?.id.slice(-5)}`);
    });

    // Contract, Provider webhooks: bad -> 403, none -> 400/401/403.
    it('only true signatures are taken', async (system) => {
      const { channel, to } = await connectNumber(system);
      const form = smsForm({ To: to });
      const url = `${system.url('ingest')}/twilio`;
      for (const headers of [
        twilio('other-token', url, form),
        twilio(secrets.twilioToken, `${url}/`, form),
        { 'x-twilio-signature': 'x' },
      ]) {
        expect((await postToTwilio(system, form, headers)).status).toBe(403);
      }
      expect([400, 401, 403]).toContain((await postToTwilio(system, form, {})).status);
      const changed = { ...form, Body: 'Changed on the way' };
      expect((await postToTwilio(system, changed, twilio(secrets.twilioToken, url, form))).status).toBe(403);
      expect((await postToTwilio(system, form)).status).toBe(200);
      expect((await messagesOf(system, channel, 1))[0]?.content).not.toMatch(/Changed/);
    });

    // Contract, Provider webhooks: same event twice is one message. Airy reference: status callbacks are no messages.
    it('a redelivery and a status callback make no second message', async (system) => {
      const { channel, to } = await connectNumber(system);
      const form = smsForm({ To: to });
      await Promise.all(Array.from({ length: 10 }, () => postToTwilio(system, form)));
      const status = smsForm({ From: to, To: form.From ?? '', SmsStatus: 'delivered', MessageStatus: 'delivered' });
      expect((await postToTwilio(system, status)).status).toBe(200);
      await postToTwilio(system, smsForm({ To: to, Body: 'after' }));
      await messagesOf(system, channel, 2);
      expect((await conversationsOf(system, channel))[0]?.metadata.unread_count).toBe(2);
    });

    it('whatsapp numbers are channels of their own', async (system) => {
      const { channel, to } = await connectNumber(system, 'whatsapp');
      await postToTwilio(
        system,
        smsForm({ To: to, From: 'whatsapp:+4915112345678', ProfileName: 'Rosa', WaId: '4915112345678' }),
      );
      const [message] = await messagesOf(system, channel, 1);
      expect(message).toMatchObject({ source: 'twilio.whatsapp', sender: { id: 'whatsapp:+4915112345678' } });
      await eventually(async () =>
        expect((await conversationsOf(system, channel))[0]?.metadata.contact.display_name).toBe('Rosa'),
      );
    });
  });

  describe('sources that are off', () => {
    // Contract, Provider webhooks: a source without its secret is off (404).
    it('a webhook without its secret in the environment is not there', async (system) => {
      for (const path of ['/viber', '/google', '/whatsapp']) {
        await system.ingest.refused(404, path, {}, { token: null });
      }
    });
  });
});
