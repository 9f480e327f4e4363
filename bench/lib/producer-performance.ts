import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kafkaJars } from '@parley/kafka-dev';

const run = promisify(execFile);

export interface ProducerPerformance {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Kafka's own measure of its Java producer, acks=all. It has no callers that wait: records are handed to the producer
 * as fast as it takes them, or at a rate.
 * @param perSecond  undefined: as fast as it goes; latencies are then those of a full buffer
 */
export async function producerPerformance(
  brokers: readonly string[],
  topic: string,
  load: { readonly records: number; readonly recordBytes: number; readonly perSecond?: number },
): Promise<ProducerPerformance> {
  const { stdout } = await run('java', [
    ...['-Xmx512m', '-Dorg.apache.logging.log4j.level=ERROR', '-cp', join(await kafkaJars(), '*')],
    'org.apache.kafka.tools.ProducerPerformance',
    ...['--topic', topic, '--num-records', String(load.records), '--record-size', String(load.recordBytes)],
    ...['--throughput', String(load.perSecond ?? -1)],
    ...['--producer-props', 'acks=all', `bootstrap.servers=${brokers.join(',')}`],
  ]);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const found = /([\d.]+) records\/sec.* (\d+) ms 50th.* (\d+) ms 99th/.exec(last);
  if (!found) throw new Error(`ProducerPerformance printed: ${last}`);
  return { perSecond: Number(found[1]), p50Ms: Number(found[2]), p99Ms: Number(found[3]) };
}
