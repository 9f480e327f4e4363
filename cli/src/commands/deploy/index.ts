import { type Config, openLog } from '@parley/service-kit';
import { type Command, parseOptions, type Surroundings } from '../command';
import { commandLogger, configOf } from '../config';
import { type Deployed, deployAll } from './deploy';
import { durationOf, patiently } from './wait';

const WAIT = '60s';
export const DEPLOY_WAIT_MS = durationOf('--wait', WAIT);

const usage = `parley deploy [--wait 60s] [--json]

Makes the topics that this version needs and registers its schemas, on the log that the environment names: to be run
before the services of a new version. What is there is compared, and refused where it differs: PARTITIONS has to be
what it was when the topics were made.

  --wait T   how long brokers and registry may take to answer, such as 500ms, 60s or 2m; default ${WAIT}
  --json     print what was done as one line of JSON`;

/** Deploys to the log of a configuration. @throws as deployAll, once the time is over */
export async function deployTo(
  config: Config,
  { waitMs, note }: { readonly waitMs: number; readonly note: (line: string) => void },
): Promise<Deployed> {
  const { log, registry, close } = await openLog(config, commandLogger());
  try {
    return await patiently(waitMs, () => deployAll({ log, registry, partitions: config.partitions }), note);
  } finally {
    await close();
  }
}

export const deploy: Command = {
  name: 'deploy',
  summary: 'make or verify the topics and register the schemas of this version',
  usage,
  run: async (args, { env, print, note }) => {
    const { values } = parseOptions({
      args: [...args],
      options: { wait: { type: 'string', default: WAIT }, json: { type: 'boolean', default: false } },
    });
    const waitMs = durationOf('--wait', values.wait);
    const deployed = await deployTo(configOf(env), { waitMs, note });
    if (values.json) print(JSON.stringify(deployed));
    else tell(deployed, print);
  },
};

function tell({ topics, schemas }: Deployed, print: Surroundings['print']): void {
  for (const { name, partitions, made } of topics) {
    print(
      `${made ? 'made ' : 'there'}  topic   ${name} (${partitions} ${partitions === 1 ? 'partition' : 'partitions'})`,
    );
  }
  for (const { subject, id, isNew } of schemas) print(`${isNew ? 'made ' : 'there'}  schema  ${subject} (id ${id})`);
}
