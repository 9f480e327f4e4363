/** Two aggregators with all partitions, two apis: one aggregator is killed while lists are read and writes go on. */
import { setTimeout as delay } from 'node:timers/promises';
import { type System, useSystem } from './harness';
import { describeOnEachLog } from './support/each-log';
import { eventually } from './support/eventually';
import { randomFrom, seed } from './support/random';
import type { Conversation, Page } from './support/shapes';
import { stateHash } from './support/state';
import { type CustomSource, givenSource, unique } from './support/world';

const CONVERSATIONS = 60;
const KILLS = 4;
const TEST_MS = 300_000;
const apis = ['api', 'api-1'];
const aggregators = ['conversation-aggregator', 'aggregator-1'];

/** Reads lists from one api at a steady rate; each must be whole. @returns how many it read */
async function lists(system: System, api: string, source: CustomSource, stopped: AbortSignal): Promise<number> {
  let count = 0;
  for (; !stopped.aborted; count += 1, await delay(10)) {
    // Not all in one page, so that pages are proven to be whole, too.
    const request = { filters: `source:${source.id}`, page_size: 25 };
    const page = await system.client(api).expect<Page<Conversation>>(200, '/conversations.list', request);
    expect([page.data.length, page.pagination_data.total]).toEqual([25, CONVERSATIONS]);
  }
  return count;
}

/** Writes to conversation after conversation, and reads each write back. @returns how many it wrote */
async function writes(system: System, api: string, ids: readonly string[], stopped: AbortSignal): Promise<number> {
  let count = 0;
  for (; !stopped.aborted; count += 1, await delay(20)) {
    const id = ids[count % ids.length] ?? '';
    const data = { [api]: { count } };
    await system.client(api).expect(204, '/metadata.upsert', { subject: 'conversation', id, data });
    const shown = await system.client(api).expect<Conversation>(200, '/conversations.info', { conversation_id: id });
    expect(shown.metadata.user_data).toMatchObject(data);
  }
  return count;
}

describeOnEachLog(`failover (SEED=${seed})`, (log) => {
  const sut = useSystem(() => ({
    ...log(),
    mode: 'services',
    replicas: {
      'aggregator-1': { service: 'conversation-aggregator', env: { AGGREGATOR_REPLICA: '1' } },
      'api-1': { service: 'api' },
    },
  }));

  sut.it(
    'no caller notices that an aggregator is killed',
    async (system) => {
      const random = randomFrom(seed);
      const source = await givenSource(system);
      const names = Array.from({ length: CONVERSATIONS }, () => unique('c'));
      const ids = [...(await source.tell(names.map((name) => source.message(name)))).values()];
      await eventually(async () => {
        const [one, other] = await Promise.all(aggregators.map((name) => stateHash(system.client(name))));
        expect(one).toEqual(other);
      });

      const end = new AbortController();
      const callers = Promise.all([
        ...apis.map((api) => lists(system, api, source, end.signal)),
        ...apis.map((api) => writes(system, api, ids, end.signal)),
      ]);
      // Told below; what fails meanwhile ends the killing.
      callers.catch(() => end.abort());
      for (let kill = 0; kill < KILLS && !end.signal.aborted; kill += 1) {
        const victim = aggregators[kill % 2] ?? '';
        await delay(random.between(300, 1_500));
        await system.kill(victim);
        await delay(random.between(300, 3_000));
        system.launchService(victim);
        await system.ready(victim);
      }
      end.abort();
      for (const count of await callers) expect(count).toBeGreaterThan(0);
      await eventually(async () => {
        const [one, other] = await Promise.all(aggregators.map((name) => stateHash(system.client(name))));
        expect(one).toEqual(other);
      });
    },
    TEST_MS,
  );
});
