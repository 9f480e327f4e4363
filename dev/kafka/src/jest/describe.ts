import { type KafkaAddresses, type OwnKafka, type OwnKafkaOptions, startOwnKafka } from '../own-kafka';
import type { Source } from './offer';
import { kafkaRun, sharedKafka } from './shared-kafka';

/** The jars may have to be fetched first. */
const START_DEADLINE_MS = 600_000;
const STOP_DEADLINE_MS = 60_000;

/** True if there is none: then the tests of that name are skipped, or fail where everything must be proven. */
function missing(name: string, source: Source): boolean {
  if (source.kind !== 'none') return false;
  const message = `NOT TESTED on Kafka: ${name} (${source.why})`;
  if (process.env.CI) {
    it(`${name}: needs Kafka`, () => {
      throw new Error(message);
    });
  } else {
    process.stderr.write(`\n${message}\n`);
    describe.skip(name, () => it('needs Kafka', () => {}));
  }
  return true;
}

/**
 * A describe whose tests use the run's shared Kafka. Skipped with one line where none can be had, failed where CI is set.
 * @param body  `kafka()` gives the addresses, inside of tests and hooks
 */
export function describeWithKafka(name: string, body: (kafka: () => KafkaAddresses) => void): void {
  if (missing(name, kafkaRun().shared)) return;
  describe(name, () => {
    let addresses: KafkaAddresses | undefined;
    beforeAll(async () => {
      addresses = await sharedKafka();
    }, START_DEADLINE_MS);
    body(() => {
      if (addresses === undefined) throw new Error('Kafka is there in tests and hooks only');
      return addresses;
    });
  });
}

/** A describe whose tests start clusters of their own. Skipped, or failed, as describeWithKafka. */
export function describeWhereKafkaRuns(name: string, body: () => void): void {
  if (!missing(name, kafkaRun().own)) describe(name, body);
}

/** As describeWithKafka, with a cluster of its own that the tests may kill, pause and stop. */
export function describeWithOwnKafka(
  name: string,
  options: OwnKafkaOptions,
  body: (kafka: () => OwnKafka) => void,
): void {
  describeWhereKafkaRuns(name, () => {
    let own: OwnKafka | undefined;
    beforeAll(async () => {
      own = await startOwnKafka(options);
    }, START_DEADLINE_MS);
    body(() => {
      if (own === undefined) throw new Error('Kafka is there in tests and hooks only');
      return own;
    });
    // After the hooks of the body, which may still need it.
    afterAll(async () => {
      await own?.destroy();
    }, STOP_DEADLINE_MS);
  });
}
