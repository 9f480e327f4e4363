// npm start: the four services on this machine, kept alive, with one set of logs.
import { loadConfig } from '@parley/service-kit';
import { banner } from './system/banner';
import { deployFirst } from './system/deploy-first';
import { fail } from './system/fail';
import { runSystem } from './system/run-system';
import { wantsColour } from './system/terminal';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  process.exitCode = await runSystem({
    config,
    env: process.env,
    colour: wantsColour(process.stdout, process.env),
    prepare: deployFirst(config, print),
    onLine: ({ text }) => print(text),
    onUp: async () => {
      print(banner(config, process.env));
      return 'stay';
    },
  });
}

main().catch(fail);
