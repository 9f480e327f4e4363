// Answers each record of one topic with one on another, and counts how often it read: a reader that is woken.
import { type LogPlace, openLogAt } from '../open-log';

const { place, from, to } = JSON.parse(process.argv[2] ?? '{}') as { place: LogPlace; from: string; to: string };

async function main(): Promise<void> {
  const log = await openLogAt(place);
  const reader = await log.reader(from, 'earliest');
  console.log('ready');
  for (;;) {
    const batch = await reader.next({ maxWaitMs: 60_000 });
    for (const { key, value } of batch?.records ?? []) await log.append(to, [{ key, value }]);
  }
}

void main();
