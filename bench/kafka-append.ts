import { randomUUID } from 'node:crypto';
import type { OwnKafka } from '@parley/kafka-dev';
import type { AppendResult, AppendSpec } from './lib/append-load';
import { startBenchKafka } from './lib/kafka';
import { withAdmin } from './lib/kafka-admin';
import { Bench, median, rounded } from './lib/processes';
import { type ProducerPerformance, producerPerformance } from './lib/producer-performance';
import { printTable } from './lib/table';

const ROUNDS = 3;
const PARTITIONS = 6;
const CALLERS = [64, 512];
const RECORD_BYTES = [500, 1_000];
const WARMUP_MS = 1_000;
const DURATION_MS = 3_000;
/** Enough for the JVM to be warm during most of it: its tool counts from the first record. */
const JAVA_RECORDS = 2_000_000;
const JAVA_PACED_S = 15;

const clients = {
  parley: ['peers/append-parley'],
  kafkajs: ['peers/append-kafkajs', 'plain'],
  kafkajsIdempotent: ['peers/append-kafkajs', 'idempotent'],
} as const;

type Client = keyof typeof clients;
type Figures = Pick<AppendResult, 'perSecond' | 'p50Ms' | 'p99Ms'>;

/** Each run has a topic of its own, deleted afterwards: what one has written must not fill another's page cache. */
async function onTopic<T>(kafka: OwnKafka, work: (topic: string) => Promise<T>): Promise<T> {
  const topic = `bench.append-${randomUUID()}`;
  return withAdmin(kafka.brokers, async (admin) => {
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: PARTITIONS }] });
    try {
      return await work(topic);
    } finally {
      await admin.deleteTopics({ topics: [topic] });
    }
  });
}

function runClient(kafka: OwnKafka, bench: Bench, client: Client, callers: number, recordBytes: number) {
  const [script, ...args] = clients[client];
  return onTopic(kafka, async (topic) => {
    const spec: AppendSpec = { topic, callers, recordBytes, warmupMs: WARMUP_MS, durationMs: DURATION_MS };
    const result = JSON.parse(await bench.script(script, args, JSON.stringify(spec))) as AppendResult;
    process.stderr.write(
      `${client}, ${callers} callers, ${recordBytes} B: ${Math.round(result.perSecond)}/s, p99 ${rounded(result.p99Ms, 1)} ms\n`,
    );
    if (result.failed > 0) throw new Error(`${client}: ${result.failed} appends of ${callers} callers failed`);
    return result;
  });
}

function medians(runs: readonly Figures[]): Figures {
  const of = (name: keyof Figures) => median(runs.map((run) => run[name]));
  return { perSecond: Math.round(of('perSecond')), p50Ms: rounded(of('p50Ms'), 1), p99Ms: rounded(of('p99Ms'), 1) };
}

async function compareClients(kafka: OwnKafka, bench: Bench, callers: number, recordBytes: number) {
  const runs: Record<Client, AppendResult[]> = { parley: [], kafkajs: [], kafkajsIdempotent: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const client of Object.keys(clients) as Client[]) {
      runs[client].push(await runClient(kafka, bench, client, callers, recordBytes));
    }
  }
  return {
    parley: medians(runs.parley),
    kafkajs: medians(runs.kafkajs),
    kafkajsIdempotent: medians(runs.kafkajsIdempotent),
  };
}

/** As fast as it goes, for the rate; then at half of our rate, for latencies that are not those of a full buffer. */
async function javaProducer(kafka: OwnKafka, recordBytes: number, ourPerSecond: number) {
  const fast: ProducerPerformance[] = [];
  const paced: ProducerPerformance[] = [];
  const perSecond = Math.ceil(ourPerSecond / 2);
  const loads = [
    { runs: fast, load: { records: JAVA_RECORDS, recordBytes } },
    { runs: paced, load: { records: perSecond * JAVA_PACED_S, recordBytes, perSecond } },
  ];
  for (let round = 0; round < ROUNDS; round++) {
    for (const { runs, load } of loads) {
      runs.push(await onTopic(kafka, (topic) => producerPerformance(kafka.brokers, topic, load)));
    }
  }
  return { fast: medians(fast), atHalfOurRate: medians(paced) };
}

/** Durable appends of single records by many callers, against kafkajs's producer and Kafka's own in Java. */
export async function benchKafkaAppend(): Promise<object> {
  const kafka = await startBenchKafka({ registry: false });
  const bench = await Bench.create(kafka);
  try {
    const results: object[] = [];
    const table: Record<string, object> = {};
    for (const recordBytes of RECORD_BYTES) {
      let best = 0;
      for (const callers of CALLERS) {
        const by = await compareClients(kafka, bench, callers, recordBytes);
        best = Math.max(best, by.parley.perSecond);
        results.push({
          recordBytes,
          callers,
          ratioToKafkajs: rounded(by.parley.perSecond / by.kafkajs.perSecond),
          ratioToKafkajsIdempotent: rounded(by.parley.perSecond / by.kafkajsIdempotent.perSecond),
          p99RatioToKafkajs: rounded(by.parley.p99Ms / by.kafkajs.p99Ms),
          ...by,
        });
        for (const [client, figures] of Object.entries(by)) table[`${recordBytes} B, ${callers} ${client}`] = figures;
      }
      const java = await javaProducer(kafka, recordBytes, best);
      results.push({ recordBytes, ratioToJava: rounded(best / java.fast.perSecond), java });
      table[`${recordBytes} B, Java`] = java.fast;
      table[`${recordBytes} B, Java at half our rate`] = java.atHalfOurRate;
    }
    printTable(table);
    return { results };
  } finally {
    await bench.destroy();
    await kafka.destroy();
  }
}
