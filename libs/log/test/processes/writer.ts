// Appends record after record, several in flight, and prints "<partition> <offset> <value>" for each once it is
// acknowledged; until killed.
import { type LogPlace, openLogAt } from '../open-log';

const { place, topic, name } = JSON.parse(process.argv[2] ?? '{}') as { place: LogPlace; topic: string; name: string };

async function main(): Promise<void> {
  const log = await openLogAt(place);
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
