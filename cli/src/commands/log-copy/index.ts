import { consumerGroups } from '@parley/contracts';
import { type Command, listOf, parseOptions, type Surroundings, UsageError } from '../command';
import { commandLogger, configOf } from '../config';
import { openEnd, placeOf } from '../log/open-end';
import { type CopyReport, copyLog } from './copy-log';

const allGroups = Object.values(consumerGroups).map(({ name }) => name);

const usage = `parley log copy --from <log> --to <log> [options]

Copies an installation's log to another: embedded to Kafka, or back. Stop all services first.
A log is kafka (as KAFKA_BROKERS, SCHEMA_REGISTRY_URL and the settings beside them say) or embedded:<DATA_DIR>.

  --topics a,b   only these topics; default: all of Parley's
  --groups a,b   consumer groups whose positions go along; default: ${allGroups.join(',')}
  --resume       the target has the beginning of a copy that was cut off: compare it, and go on behind it
  --verify       read both logs again afterwards and compare every record
  --states       fold both conversation logs and compare the states' hashes (see parley log states)
  --json         print the report as one line of JSON

Keys, headers, times, partitions and order stay; contents get the schema ids of the target's registry, where the
schemas are registered first. The target's topics must be empty. The record inside of a dead letter keeps its bytes, and
with them the schema id of the source's registry.
What is outside of the log does not go along: SYSTEM_TOKEN and JWT_SECRET (files in DATA_DIR where they were made) have
to be the same for the copy. What services keep in DATA_DIR beside them is of the source: with the copy they make it
again.`;

export const logCopy: Command = {
  name: 'log copy',
  summary: "copy an installation's log: embedded to Kafka, or back",
  usage,
  run: async (args, surroundings) => {
    const { values } = parseOptions({
      args: [...args],
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        topics: { type: 'string' },
        groups: { type: 'string' },
        resume: { type: 'boolean', default: false },
        verify: { type: 'boolean', default: false },
        states: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const from = placeOf('--from', values.from);
    const to = placeOf('--to', values.to);
    if (JSON.stringify(from) === JSON.stringify(to)) throw new UsageError('--to: is the log of --from');
    const config = configOf(surroundings.env);
    const logger = commandLogger();
    const source = await openEnd(from, { exists: true, alone: true }, config, logger);
    try {
      const target = await openEnd(to, { exists: false, alone: true }, config, logger);
      try {
        const report = await copyLog({
          source,
          target,
          topics: listOf(values.topics),
          groups: listOf(values.groups) ?? allGroups,
          resume: values.resume,
          verify: values.verify,
          states: values.states,
          note: surroundings.note,
        });
        tell(report, values.json, surroundings);
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  },
};

function tell(report: CopyReport, asJson: boolean, { print }: Surroundings): void {
  if (asJson) {
    print(JSON.stringify(report));
    return;
  }
  for (const { topic, partitions, records, offsetsKept, unknownSchemas } of report.topics) {
    print(`${topic}: ${records} records in ${partitions} partitions${offsetsKept ? '' : ', offsets differ'}`);
    if (unknownSchemas.length > 0)
      print(`  without a schema in the source, and so unreadable: ${unknownSchemas.join(', ')}`);
  }
  for (const { group, topic, partition, source, target } of report.positions) {
    print(`${group} on ${topic}, partition ${partition}: ${source} is ${target}`);
  }
  for (const { partition, hash, conversations } of report.states ?? []) {
    print(`states of partition ${partition}: ${hash} (${conversations} conversations)`);
  }
  print(report.verified ? 'copied and compared: both logs hold the same' : 'copied');
}
