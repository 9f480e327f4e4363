import { type Command, parseOptions } from '../command';
import { commandLogger, configOf } from '../config';
import { openEnd, placeOf } from '../log/open-end';
import { Progress } from '../log/progress';
import { foldStates } from './fold';

const usage = `parley log states --of <log> [--json]

Reads an installation's conversation log and prints, for each partition, the hash of the states that it comes to: what
every aggregator that has read as far answers at /query/state-hash. Logs that hold the same events in the same order
have the same hashes, whatever their offsets and schema ids.
A log is kafka (as KAFKA_BROKERS, SCHEMA_REGISTRY_URL and the settings beside them say) or embedded:<DATA_DIR>.

  --json   print the hashes as one line of JSON

Holds the states of one partition in memory, about as much as an aggregator's store has on disk; give node more with
NODE_OPTIONS=--max-old-space-size=<MB> where that is needed.`;

export const logStates: Command = {
  name: 'log states',
  summary: 'hash of the states that a conversation log comes to',
  usage,
  run: async (args, { env, print, note }) => {
    const { values } = parseOptions({
      args: [...args],
      options: { of: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    const place = placeOf('--of', values.of);
    const end = await openEnd(place, { exists: true, alone: false }, configOf(env), commandLogger());
    try {
      const progress = new Progress('folded', note);
      const partitions = await foldStates({ end, onRecords: progress.add });
      note(progress.text());
      if (values.json) {
        print(JSON.stringify({ partitions }));
        return;
      }
      for (const { partition, applied, hash, conversations } of partitions) {
        print(`partition ${partition} at ${applied}: ${hash} (${conversations} conversations)`);
      }
    } finally {
      await end.close();
    }
  },
};
