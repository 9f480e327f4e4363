// Appends record after record, several in flight, and prints "<partition> <offset> <value>" for each once it is
// acknowledged; until killed.
import { openEmbeddedLog } from '../../src/embedded/log';

const { dir, topic, name } = JSON.parse(process.argv[2] ?? '{}') as { dir: string; topic: string; name: string };

async function main(): Promise<void> {
  const log = await openEmbeddedLog({ dir });
  let number = 0;
  const write = async () => {
    for (;;) {
      const value = `${name}/${number++}/${'x'.repeat(number % 5000)}`;
      const [position] = await log.append(topic, [{ key: `${number % 17}`, value: Buffer.from(value) }]);
      process.stdout.write(`${position?.partition} ${position?.offset} ${value}\n`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, write));
}

void main();
