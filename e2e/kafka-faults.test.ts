/**
 * What can happen to an installation on Kafka: brokers, registry and services that go away or stand still, and records
 * that nobody can read. One system goes through all of it, and after each fault must be as if nothing had been.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { describeWithOwnKafka } from '@parley/kafka-dev';
import { type System, useSystem } from './harness';
import type { Answer } from './support/client';
import { eventually } from './support/eventually';
import { type GraphApi, startGraphApi } from './support/graph-api';
import { decoded, framed, type KafkaPlace, newPlace, produce, readTopic, schemaId } from './support/kafka';
import { expectKept, type Load, startLoad } from './support/load';
import { randomFrom, seed } from './support/random';
import { freshStateHash, stateHash } from './support/state';
import { type CustomSource, conversationInfo, givenSource, listMessages, unique } from './support/world';

/** Longer than a group waits for a member that says nothing (10 s). */
const PAST_SESSION_MS = 14_000;
/** Until all goes on by itself after something came back. */
const RESUME_MS = 90_000;
const TEST_MS = 600_000;
/** Lines that one process may print in some seconds in which something is away. */
const LINES_MAX = 60;

const conversationEvents = 'communication.conversation-events';
const facebookEvents = 'source.facebook.events';

const random = randomFrom(seed);

/** Everything runs twice but delivery. */
const replicas = {
  'aggregator-1': { service: 'conversation-aggregator', env: { AGGREGATOR_REPLICA: '1' } },
  'api-1': { service: 'api' },
  'ingest-1': { service: 'ingest' },
} as const;

describeWithOwnKafka(`faults on Kafka (SEED=${seed})`, {}, (kafka) => {
  let graph: GraphApi | undefined;
  let place: KafkaPlace | undefined;
  const sut = useSystem(async () => {
    graph = await startGraphApi();
    place = newPlace(kafka());
    return {
      mode: 'services',
      kafka: place,
      replicas,
      env: { FACEBOOK_API_URL: graph.url, OUTBOUND_ALLOW: '127.0.0.0/8' },
    };
  });
  afterAll(() => graph?.close());

  const here = (): KafkaPlace => {
    if (place === undefined) throw new Error('the system has no place yet');
    return place;
  };

  /** Sends while something happens, and proves afterwards that nothing was lost or doubled, whoever is asked. */
  const underLoad = async (system: System, fault: (load: Load) => Promise<void>): Promise<void> => {
    const load = await startLoad(system, randomFrom(random.between(0, 2 ** 31)));
    const underWay = async () => {
      // Each channel has been sent to: all that a new source needs is there.
      await eventually(() => expect(load.ledger.texts.size).toBe(3));
      await fault(load);
    };
    await underWay().finally(() => load.stop());
    for (const name of ['api', 'api-1']) await expectKept(system.client(name), load);
    await expectSameStates(system);
  };

  /** Both aggregators have come to what a fresh one makes of the log. */
  const expectSameStates = async (system: System): Promise<void> => {
    const fresh = await freshStateHash(system);
    for (const name of ['conversation-aggregator', 'aggregator-1']) {
      await eventually(async () => expect(await stateHash(system.client(name))).toEqual(fresh), RESUME_MS);
    }
  };

  const expectRefused = (answer: Answer): void => {
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('UNAVAILABLE')]);
    expect(answer.header('retry-after')).toMatch(/^\d+$/);
  };

  /** With no broker: what is to be kept is refused, in time, and what is known is answered. */
  const expectAway = async (system: System, source: CustomSource): Promise<void> => {
    const tag = () => ({ name: unique('t'), color: 'tag-red' });
    for (let round = 0; round < 2; round += 1) {
      const [webhook, write, list] = await Promise.all([
        source.ingest.post('/sources.webhook', { messages: [source.message(unique('c'))] }),
        system.api.post('/tags.create', tag()),
        system.client('api-1').post('/conversations.list', { page_size: 10 }),
      ]);
      expectRefused(webhook);
      expectRefused(write);
      expect([list.status, list.text]).toEqual([200, expect.any(String)]);
    }
    await eventually(async () => expect((await system.ingest.get('/ready')).status).toBe(503));
    expect((await system.ingest.get('/health')).status).toBe(200);
  };

  const expectBack = async (system: System, source: CustomSource): Promise<void> => {
    await eventually(async () => {
      for (const name of system.names)
        expect([name, (await system.client(name).get('/ready')).status]).toEqual([name, 200]);
    }, RESUME_MS);
    await source.conversation();
  };

  sut.it(
    'a broker is killed and comes back',
    async (system) => {
      const source = await givenSource(system);
      await underLoad(system, async () => {
        for (let kill = 0; kill < 2; kill += 1) {
          await delay(random.between(500, 1_500));
          await kafka().broker.kill();
          if (kill === 0) await expectAway(system, source);
          await kafka().broker.start();
          await expectBack(system, source);
        }
      });
    },
    TEST_MS,
  );

  sut.it(
    'a broker stands still for longer than a session',
    async (system) => {
      const source = await givenSource(system);
      await underLoad(system, async () => {
        await delay(random.between(500, 1_500));
        await kafka().broker.pause();
        try {
          await Promise.all([expectAway(system, source), delay(PAST_SESSION_MS)]);
        } finally {
          kafka().broker.resume();
        }
        await expectBack(system, source);
      });
    },
    TEST_MS,
  );

  sut.it(
    'the registry is away, and every service is started again meanwhile',
    async (system) => {
      const source = await givenSource(system);
      await source.conversation();
      await underLoad(system, async () => {
        await kafka().registry.stop();
        try {
          for (const name of system.names) await system.restart(name);
          await source.conversation();
        } finally {
          await kafka().registry.start();
        }
      });
    },
    TEST_MS,
  );

  sut.it(
    'an ingest stands still past its session: another one goes on, and nothing is doubled when it wakes',
    async (system) => {
      const source = await givenSource(system);
      await source.conversation();
      await underLoad(system, async () => {
        system.process('ingest').signal('SIGSTOP');
        try {
          const messages = Array.from({ length: 20 }, () => source.message(unique('c')));
          await system.client('ingest-1').withToken(source.token).expect(200, '/sources.webhook', { messages });
          await source.conversations(
            messages.map((one) => one.source_conversation_id),
            RESUME_MS,
          );
          await delay(PAST_SESSION_MS);
        } finally {
          system.process('ingest').signal('SIGCONT');
        }
        await expectBack(system, source);
      });
    },
    TEST_MS,
  );

  sut.it(
    'an aggregator stands still for a minute: nobody sees what it knew then',
    async (system) => {
      const source = await givenSource(system);
      const name = unique('c');
      const id = await source.conversation({ source_conversation_id: name });
      const end = new AbortController();
      const { signal } = end;
      const writing = (async () => {
        for (; !signal.aborted; await delay(100)) await source.deliver([source.message(name)]);
      })();
      const reading = (async () => {
        let seen = 0;
        for (let turn = 0; !signal.aborted; turn += 1, await delay(20)) {
          const api = system.client(turn % 2 === 0 ? 'api' : 'api-1');
          const { unread_count } = (await conversationInfo(api, id)).metadata;
          expect(unread_count).toBeGreaterThanOrEqual(seen);
          seen = unread_count;
        }
        return seen;
      })();
      const both = Promise.all([writing, reading]);
      both.catch(() => {});
      // What ends it early is told at once.
      const meanwhile = (ms: number) => Promise.race([both, delay(ms)]);
      await meanwhile(1_000);
      system.process('conversation-aggregator').signal('SIGSTOP');
      await meanwhile(60_000).finally(() => system.process('conversation-aggregator').signal('SIGCONT'));
      await meanwhile(10_000);
      end.abort();
      await both;
      await expectBack(system, source);
      await expectSameStates(system);

      // On the changelog, too, each conversation's newest state is the last.
      await eventually(async () => {
        const records = await readTopic(here(), 'communication.conversations');
        const newest = new Map<string, { readonly position: number; readonly unreadCount: number }>();
        const highest = new Map<string, number>();
        for (const record of records) {
          const state = await decoded<{ id: string; position: number; unreadCount: number }>(here(), record);
          newest.set(state.id, state);
          highest.set(state.id, Math.max(state.position, highest.get(state.id) ?? 0));
        }
        for (const [conversation, state] of newest) expect(state.position).toBe(highest.get(conversation));
        expect(newest.get(id)?.unreadCount).toBe((await conversationInfo(system.api, id)).metadata.unread_count);
      }, RESUME_MS);
    },
    TEST_MS,
  );

  sut.it(
    'records that nobody can read while the registry is away: one dead letter each, in order',
    async (system) => {
      const load = await startLoad(system, randomFrom(random.between(0, 2 ** 31)));
      const source = await givenSource(system);
      const name = unique('c');
      const id = await source.conversation({ source_conversation_id: name });
      const known = await schemaId(here(), conversationEvents, 'parley.communication.MessageReceived');
      const raw = await schemaId(here(), facebookEvents, 'parley.communication.RawWebhook');
      const garbage = Buffer.from('ffffffffffffffffffffff', 'hex');
      const lines = () => new Map(system.names.map((one) => [one, linesOf(system, one)]));

      await kafka().registry.stop();
      const poisoned = await (async () => {
        const before = lines();
        const places = [
          ...(
            await produce(here(), conversationEvents, [
              { key: id, value: framed(2_000_000_011, garbage) },
              { key: id, value: framed(known, garbage) },
              { key: id, value: Buffer.from('no frame') },
            ])
          ).map((one) => ({ topic: conversationEvents, ...one })),
          ...(
            await produce(here(), facebookEvents, [
              { key: 'page', value: framed(2_000_000_012, garbage) },
              { key: 'page', value: framed(raw, garbage) },
            ])
          ).map((one) => ({ topic: facebookEvents, ...one })),
        ];
        await source.deliver([source.message(name, { content: { text: 'behind what can not be read' } })]);
        await delay(PAST_SESSION_MS);
        // Order is kept: nothing behind the record is seen before it is known what it is.
        expect(await listMessages(system.api, id)).toHaveLength(1);
        for (const [process, count] of lines()) {
          expect([process, count - (before.get(process) ?? 0) <= LINES_MAX]).toEqual([process, true]);
        }
        return places;
      })().finally(() => kafka().registry.start());
      await eventually(async () => expect(await listMessages(system.api, id)).toHaveLength(2), RESUME_MS);
      await load.stop();
      await expectKept(system.api, load);
      await expectSameStates(system);

      await eventually(async () => {
        const letters: { topic: string; partition: number; offset: number }[] = [];
        for (const topic of [conversationEvents, facebookEvents]) {
          for (const record of await readTopic(here(), `${topic}.dead-letters`)) {
            const letter = await decoded<{ topic: string; partition: number; offset: number }>(here(), record);
            letters.push({ topic: letter.topic, partition: letter.partition, offset: Number(letter.offset) });
          }
        }
        expect(letters.sort(byPlace)).toEqual([...poisoned].sort(byPlace));
      }, RESUME_MS);
    },
    TEST_MS,
  );
});

/** Lines that a process printed, but for those that each refused request has. */
function linesOf(system: System, name: string): number {
  const lines = system.process(name).output().split('\n');
  return lines.filter((line) => !line.includes('request refused for now')).length;
}

interface Where {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

function byPlace(a: Where, b: Where): number {
  return a.topic.localeCompare(b.topic) || a.partition - b.partition || a.offset - b.offset;
}
