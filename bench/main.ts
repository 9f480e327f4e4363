/** `npm run bench -- <name>`: prints one JSON line of ratios; absolute figures in it mean little on another machine. */
import { benchIngest } from './ingest';
import { benchKafkaAppend } from './kafka-append';
import { benchKafkaReplay } from './kafka-replay';
import { benchList } from './list';
import { benchReplay } from './replay';

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<object>>> = {
  ingest: benchIngest,
  replay: benchReplay,
  list: benchList,
  'kafka-append': benchKafkaAppend,
  'kafka-replay': benchKafkaReplay,
};

async function main(): Promise<void> {
  const name = process.argv[2] ?? '';
  const bench = benches[name];
  if (!bench) {
    process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')}\n`);
    process.exit(2);
  }
  // The end of a broker is waited for by nothing that would keep this process: it must not end before it has printed.
  const stay = setInterval(() => undefined, 60_000);
  process.stdout.write(`${JSON.stringify({ bench: name, ...(await bench(process.argv.slice(3))) })}\n`);
  clearInterval(stay);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
