// npm start: the four services on this machine, kept alive, with one set of logs.
import { loadConfig } from '@parley/service-kit';
import { banner } from './system/banner';
import { fail } from './system/fail';
import { runSystem } from './system/run-system';
import { wantsColour } from './system/terminal';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  process.exitCode = await runSystem({
    config,
    env: process.env,
    colour: wantsColour(process.stdout, process.env),
    onLine: ({ text }) => process.stdout.write(`${text}\n`),
    onUp: async () => {
      process.stdout.write(`${banner(config, process.env)}\n`);
      return 'stay';
    },
  });
}

main().catch(fail);
