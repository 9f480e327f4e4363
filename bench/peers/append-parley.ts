/** Appends through the log, one record a call: an AppendSpec as JSON on standard input, an AppendResult printed. */
import { createLogger, loadConfig, openLog } from '@parley/service-kit';
import { type AppendSpec, appendLoad } from '../lib/append-load';

async function main(): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  const spec = JSON.parse(text) as AppendSpec;
  const config = loadConfig(process.env);
  const { log, close } = await openLog(config, createLogger('append', config.logLevel));
  process.stdout.write(
    JSON.stringify(await appendLoad(spec, (key, value) => log.append(spec.topic, [{ key, value }]))),
  );
  await close();
}

void main();
