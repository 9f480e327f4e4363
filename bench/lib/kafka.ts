import { type OwnKafka, startOwnKafka } from '@parley/kafka-dev';

/** Those that the broker has where nobody sets them: the ones of kafka-dev make tests quick. */
const ordinaryIntervals = {
  'log.cleaner.backoff.ms': '15000',
  'log.retention.check.interval.ms': '300000',
  'log.cleaner.dedupe.buffer.size': String(64 << 20),
};
/** The JVM reads these last, so that they go over flags that only make a start quick. */
const ordinaryFlags = '-XX:TieredStopAtLevel=4 -Xmx1g';

/** A broker of its own, compiled and tuned as it is where it is meant to last. */
export async function startBenchKafka(options: { readonly registry: boolean }): Promise<OwnKafka> {
  process.env._JAVA_OPTIONS = ordinaryFlags;
  try {
    return await startOwnKafka({ registry: options.registry, config: ordinaryIntervals });
  } finally {
    delete process.env._JAVA_OPTIONS;
  }
}
