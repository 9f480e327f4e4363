import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Codec, topics } from '@parley/contracts';
import { describeWithKafka } from '@parley/kafka-dev';
import type { LogReader } from '@parley/log';
import { pino } from 'pino';
import {
  allRecords,
  applied,
  conversationId,
  hashes,
  openWorld,
  PARTITIONS,
  received,
  shown,
  until,
  type World,
  withCalls,
} from './world';

const FORMER = 30;
const CONVERSATIONS = 90;

let former: World;
let world: World;

/** The folder of states that an aggregator of the former log has left behind, whole. */
async function leftBehind(): Promise<string> {
  const aggregator = await former.aggregator();
  const events = Array.from({ length: FORMER }, (_, i) => received(`c${i}`, `former ${i}`, i));
  await applied(aggregator, await former.append(events));
  await until(async () => (await published(former)).size === FORMER);
  await aggregator.close();
  return join(former.dir, 'aggregator');
}

/** Ids of the conversations on the changelog. */
async function published({ log, registry }: World): Promise<ReadonlySet<string>> {
  const codec = await Codec.open(topics.conversations, registry);
  const values = (await allRecords(log, topics.conversations.name)).flatMap(({ value }) => (value ? [value] : []));
  return new Set(await Promise.all(values.map(async (value) => (await codec.decode(value)).value.id)));
}

function collecting() {
  const lines: { readonly msg: string; readonly store?: string; readonly before?: string; readonly now?: string }[] =
    [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}

/**
 * Fills this log, so that positions of the former one lie within it, and so do those of its changelog.
 * @returns an aggregator that knows no other log, and publishes nothing
 */
async function fill() {
  const events = Array.from({ length: CONVERSATIONS }, (_, i) => received(`c${i}`, `m${i}`, i));
  await world.append(events);
  const fresh = await world.aggregator({ dir: join(world.dir, 'fresh'), settings: { partitions: null, replica: 1 } });
  const nothing = Array.from({ length: PARTITIONS * FORMER }, (_, i) => ({
    key: `gone ${i}`,
    value: null,
    partition: i % PARTITIONS,
  }));
  await world.log.append(topics.conversations.name, nothing);
  return fresh;
}

function cases(open: () => Promise<World>): void {
  beforeEach(async () => {
    former = await open();
    world = await open();
  });
  afterEach(async () => {
    await world.close();
    await former.close();
  });

  it('are made anew, and published anew, although their positions lie within this one', async () => {
    const dir = await leftBehind();
    const fresh = await fill();
    const { logger, lines } = collecting();
    const aggregator = await world.aggregator({ dir, logger });
    expect(await hashes(aggregator)).toEqual(await hashes(fresh));
    expect(shown(aggregator).conversation(conversationId('c0'))?.state.messageCount).toBe(1);
    expect(shown(aggregator).conversation(conversationId(`c${CONVERSATIONS - 1}`))).toBeDefined();
    await until(async () => (await published(world)).size === CONVERSATIONS);
    const identities = { before: await former.log.identity(), now: await world.log.identity() };
    const told = lines.filter(({ store }) => store !== undefined);
    expect(told).toMatchObject(
      ['outbox', 'state/g1'].map((name) => ({ store: join(dir, 'all.0', name), ...identities })),
    );
    await aggregator.close();

    const again = await world.aggregator({ dir, logger });
    expect(await hashes(again)).toEqual(await hashes(fresh));
    expect(lines.filter(({ store }) => store !== undefined)).toHaveLength(told.length);
  });

  it('don’t serve until there are new ones', async () => {
    const dir = await leftBehind();
    await fill();
    let isHeldUp = true;
    let asked = 0;
    const log = withCalls(world.log, {
      reader: async (topic, from) => {
        const reader = await world.log.reader(topic, from);
        const next: LogReader['next'] = async (options) => {
          if (!isHeldUp || topic !== topics.conversationEvents.name) return reader.next(options);
          asked += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
          return undefined;
        };
        return { next, positions: () => reader.positions(), close: () => reader.close() };
      },
    });
    // Of another reducer as well: on the same log such states would serve meanwhile.
    const aggregator = await world.aggregator({ dir, log, reducer: 'another', wait: false });
    const state = join(dir, 'all.0', 'state');
    await until(() => asked > 3);
    expect(readdirSync(state)).toEqual(['g2']);
    expect(aggregator.shown).toBeUndefined();
    expect(aggregator.ready().ready).toBe(false);
    isHeldUp = false;
    await until(() => aggregator.ready().ready);
    expect(shown(aggregator).conversation(conversationId(`c${CONVERSATIONS - 1}`))).toBeDefined();
  });
}

describe('states of another log, both embedded', () => {
  cases(() => openWorld());
});

describeWithKafka('states of another log, both on one cluster', (kafka) => {
  cases(() => openWorld(kafka()));
});

describeWithKafka('states of an embedded log, on Kafka', (kafka) => {
  let isFirst = true;
  cases(() => {
    const opened = isFirst ? openWorld() : openWorld(kafka());
    isFirst = !isFirst;
    return opened;
  });
});
