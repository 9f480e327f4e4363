// npm run demo: the same system on a directory of its own, with webhooks played into it.
import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadConfig } from '@parley/service-kit';
import { LEVEL_WARN } from '../supervisor/log-line';
import { banner, shownToken } from '../system/banner';
import { deployFirst } from '../system/deploy-first';
import { fail } from '../system/fail';
import { refuseIfBusy, runSystem } from '../system/run-system';
import { freshDataDir, holdsEarlierDemo } from './data-dir';
import { demoEnv } from './demo-env';
import { parseOptions } from './options';
import { castOf, planFor, play } from './play';
import { Screen } from './screen';
import { startStandIn } from './stand-in-provider';

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const dataDir = resolve('data-demo');
  const planned = planFor(options.messages, options.seed, Date.now());
  const cast = castOf(planned);
  const standIn = await startStandIn(() => cast);
  try {
    const env = demoEnv(process.env, dataDir, standIn.url);
    // Before anything is deleted: it may be the directory of a demo that runs.
    if (holdsEarlierDemo(dataDir)) await refuseIfBusy(loadConfig(env));
    freshDataDir(dataDir);
    const config = loadConfig(env);
    const screen = new Screen(process.stdout);
    const logPath = join(dataDir, 'demo.log');
    const log = createWriteStream(logPath);
    process.exitCode = await runSystem({
      config,
      env,
      colour: false,
      prepare: deployFirst(config, (line) => screen.line(`  ${line}`)),
      onLine: ({ level, text }) => {
        log.write(`${text}\n`);
        if (level >= LEVEL_WARN) screen.line(text);
      },
      onUp: async (signal) => {
        screen.line(banner(config, env));
        screen.line(`  The services' logs are in ${logPath}`);
        if (config.kafkaBrokers)
          screen.line(`  The demo's topics stay on Kafka, with names that begin with ${env.KAFKA_PREFIX}`);
        await play(planned, { ...options, config, screen, shownToken: shownToken(config, env), signal });
        if (options.exit) return 'stop';
        screen.line('  It stays up until Ctrl-C.');
        return 'stay';
      },
    });
    log.end();
  } finally {
    await standIn.close();
  }
}

main().catch(fail);
