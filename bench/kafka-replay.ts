import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { topics } from '@parley/contracts';
import type { OwnKafka } from '@parley/kafka-dev';
import { untilFolded } from './lib/folding';
import { startBenchKafka } from './lib/kafka';
import { endOf, withAdmin } from './lib/kafka-admin';
import { Bench, median, rounded } from './lib/processes';
import { type Guarantee, runStreams } from './lib/streams-peer';
import { printTable } from './lib/table';

const EVENTS = 1_000_000;
const EVENTS_PER_CONVERSATION = 5;
const ROUNDS = 3;
const POLL_MS = 20;

interface Fold {
  /** Until every event is in the states. */
  readonly foldedMs: number;
  /** Until every state is on the topic that others read. */
  readonly publishedMs: number;
}

async function read(bench: Bench, script: string, args: readonly string[], events: number): Promise<number> {
  const run = JSON.parse(await bench.script(script, args)) as { events: number; ms: number };
  if (run.events !== events) throw new Error(`${script} ${args.join(' ')} read ${run.events} of ${events}`);
  return run.ms;
}

/** Our aggregator from nothing. It publishes once it has caught up: each conversation once, not each of its changes. */
async function aggregate(bench: Bench, kafka: OwnKafka, conversations: number): Promise<Fold> {
  const { name } = topics.conversations;
  return withAdmin(kafka.brokers, async (admin) => {
    await rm(join(bench.dataDir, 'aggregator'), { recursive: true, force: true });
    const before = await endOf(admin, name);
    const starting = bench.service('conversation-aggregator', bench.ports.aggregator);
    const [child, { sinceMs, foldedMs }] = await Promise.all([starting, untilFolded(bench.ports.aggregator)]);
    while ((await endOf(admin, name)) < before + conversations) {
      if (child.exitCode !== null) throw new Error(`the aggregator ended with ${child.exitCode}`);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
    const publishedMs = performance.now() - sinceMs;
    await bench.stop(child);
    return { foldedMs, publishedMs };
  });
}

/** Both folds must have come to the same, else a ratio between them says nothing. */
function checkAgreement(ours: object, theirs: object, guarantee: Guarantee): void {
  const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)];
  if (a !== b) throw new Error(`the folds differ: ours ${a}, Kafka Streams (${guarantee}) ${b}`);
}

/** A log on Kafka, read and folded by us, by kafkajs's consumer and by Kafka Streams, in turn. `kafka-replay [events]` */
export async function benchKafkaReplay([given]: readonly string[]): Promise<object> {
  const events = Number(given ?? EVENTS);
  const conversations = events / EVENTS_PER_CONVERSATION;
  const kafka = await startBenchKafka({ registry: true });
  const bench = await Bench.create(kafka);
  try {
    await bench.deploy();
    await bench.script('lib/seed-events', [String(conversations), String(events), '0', 'mixed']);
    const ids = await bench.script('lib/schema-ids');
    const times: Record<string, number[]> = {};
    const note = (what: string, ms: number) => {
      times[what] = [...(times[what] ?? []), ms];
      process.stderr.write(`${what}: ${Math.round((events / ms) * 1000)} events/s\n`);
    };
    for (let round = 0; round < ROUNDS; round++) {
      note('kafkajs: read', await read(bench, 'peers/kafkajs-read', ['bare'], events));
      note('kafkajs: read, decode', await read(bench, 'peers/kafkajs-read', ['decode'], events));
      note('parley: read, decode', await read(bench, 'peers/read-decode', [], events));
      const ours = await aggregate(bench, kafka, conversations);
      note('parley: folded', ours.foldedMs);
      note('parley: published', ours.publishedMs);
      const totals = JSON.parse(await bench.script('lib/totals')) as object;
      for (const guarantee of ['at_least_once', 'exactly_once_v2'] as const) {
        const streams = await runStreams(kafka.brokers, ids, guarantee);
        checkAgreement(totals, streams.totals, guarantee);
        note(`streams ${guarantee}: folded`, streams.foldedMs);
        note(`streams ${guarantee}: published`, streams.publishedMs);
      }
    }
    const perSecond = (what: string) => (events / median(times[what] ?? [])) * 1000;
    const ratio = (what: string, to: string) => rounded(perSecond(what) / perSecond(to));
    printTable(
      Object.fromEntries(
        Object.keys(times).map((what) => [
          what,
          { eventsPerSecond: Math.round(perSecond(what)), toKafkajsRead: ratio(what, 'kafkajs: read') },
        ]),
      ),
    );
    return {
      events,
      conversations,
      readToKafkajs: ratio('parley: read, decode', 'kafkajs: read, decode'),
      foldToKafkajsRead: ratio('parley: folded', 'kafkajs: read'),
      foldToKafkajsReadAim: 0.5,
      foldToStreams: ratio('parley: folded', 'streams at_least_once: folded'),
      foldToStreamsAim: 4,
      foldToStreamsExactlyOnce: ratio('parley: folded', 'streams exactly_once_v2: folded'),
      publishedToStreams: ratio('parley: published', 'streams at_least_once: published'),
      publishedToStreamsExactlyOnce: ratio('parley: published', 'streams exactly_once_v2: published'),
      eventsPerSecond: Object.fromEntries(Object.keys(times).map((what) => [what, Math.round(perSecond(what))])),
    };
  } finally {
    await bench.destroy();
    await kafka.destroy();
  }
}
