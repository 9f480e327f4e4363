/**
 * The four services under load while each of them is killed again and again. What got a 2xx is there once; what got
 * none is sent again by its sender, as providers do.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceName, type System, serviceNames, useSystem } from './harness';
import { describeOnEachLog } from './support/each-log';
import { eventually } from './support/eventually';
import { firstNameOf, type GraphApi, startGraphApi } from './support/graph-api';
import { expectKept, startLoad } from './support/load';
import { type Random, randomFrom, seed } from './support/random';
import type { Conversation, Page } from './support/shapes';
import { freshStateHash, stateHash } from './support/state';

const KILLS_OF_EACH = 20;
const TEST_MS = 600_000;

/** Kills a service at random moments, now and then while it is still starting, and starts it again. */
async function tormentor(system: System, name: ServiceName, random: Random, stopped: AbortSignal): Promise<number> {
  let kills = 0;
  while (kills < KILLS_OF_EACH && !stopped.aborted) {
    if (random.next() < 0.75) await system.ready(name);
    await delay(random.between(20, 900));
    await system.kill(name);
    kills += 1;
    system.launchService(name);
  }
  await system.ready(name);
  return kills;
}

describeOnEachLog('crashes', (log) => {
  let graph: GraphApi | undefined;
  const sut = useSystem(async () => {
    graph = await startGraphApi();
    return {
      ...log(),
      mode: 'services',
      env: { FACEBOOK_API_URL: graph.url, OUTBOUND_ALLOW: '127.0.0.0/8', LOG_LEVEL: 'warn' },
    };
  });
  afterAll(() => graph?.close());

  sut.it(
    `nothing acknowledged is lost or doubled, each service killed ${KILLS_OF_EACH} times (SEED=${seed})`,
    async (system) => {
      const random = randomFrom(seed);
      const load = await startLoad(system, random);
      // Ends the killing as soon as the load fails, and the load once all is killed often enough.
      const kills = Promise.all(
        serviceNames.map((name) => tormentor(system, name, randomFrom(random.between(0, 2 ** 31)), load.ended)),
      );
      await kills.finally(() => load.stop());
      expect(await kills).toEqual(serviceNames.map(() => KILLS_OF_EACH));
      const { ledger, tagged } = load;
      process.stderr.write(
        `${ledger.count} messages acknowledged, ${ledger.retries} tries refused, ${tagged.size} tagged\n`,
      );
      await expectKept(system.api, load);

      // Delivery caught up, too: each contact of the page has the name that the provider tells.
      await eventually(async () => {
        const request = { filters: `channel_id:${load.facebook.id}`, page_size: 10_000 };
        for (const one of (await system.api.expect<Page<Conversation>>(200, '/conversations.list', request)).data) {
          expect(one.metadata.contact.display_name).toBe(`${firstNameOf(one.last_message.sender.id)} Last`);
        }
      }, 60_000);

      // A fresh aggregator over the same log reaches the same state, hash by hash.
      const running = await stateHash(system.aggregator);
      const { total } = (await system.api.expect<Page<Conversation>>(200, '/conversations.list')).pagination_data;
      expect(running.reduce((sum, one) => sum + one.conversations, 0)).toBe(total);
      await system.stop();
      expect(await freshStateHash(system)).toEqual(running);
    },
    TEST_MS,
  );
});
