import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { queryPaths } from '@parley/query';
import { untilFolded } from './lib/folding';
import { Bench, median, rounded, SYSTEM_TOKEN } from './lib/processes';

const EVENTS = 1_000_000;
const CONVERSATIONS = 200_000;
const MORE_EVENTS = 400_000;
const ROUNDS = 3;
const LIST_CONNECTIONS = 2;

function list(bench: Bench, durationMs: number) {
  return bench.load({
    port: bench.ports.aggregator,
    path: queryPaths.search,
    headers: { Authorization: `Bearer ${SYSTEM_TOKEN}`, 'Content-Type': 'application/json' },
    bodies: ['{"accounts":null,"size":20,"query":"unread_count:[1 TO *]"}', '{"accounts":null,"size":20}'],
    connections: LIST_CONNECTIONS,
    warmupMs: 500,
    durationMs,
  });
}

/** Fold of the log into state and index, and what lists cost meanwhile. */
export async function benchReplay(): Promise<object> {
  const bench = await Bench.create();
  try {
    await bench.script('lib/seed-reference');
    await bench.script('lib/seed-events', [String(CONVERSATIONS), String(EVENTS)]);
    const reads: number[] = [];
    const folds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const read = JSON.parse(await bench.script('peers/read-decode')) as { events: number; ms: number };
      reads.push((read.events / read.ms) * 1000);
      await rm(join(bench.dataDir, 'aggregator'), { recursive: true, force: true });
      const starting = bench.service('conversation-aggregator', bench.ports.aggregator);
      const [child, { foldedMs }] = await Promise.all([starting, untilFolded(bench.ports.aggregator)]);
      folds.push((EVENTS / foldedMs) * 1000);
      await bench.stop(child);
    }
    await bench.service('conversation-aggregator', bench.ports.aggregator);
    const idle = await list(bench, 4_000);
    // The log is filled first, so that the aggregator has a backlog to fold while it is asked.
    const seeding = bench.script('lib/seed-events', [String(CONVERSATIONS), String(MORE_EVENTS), String(EVENTS)]);
    const busy = await list(bench, 6_000);
    await seeding;
    return {
      foldRatio: rounded(median(folds) / median(reads)),
      aim: 0.5,
      foldedPerSecond: Math.round(median(folds)),
      readAndDecodedPerSecond: Math.round(median(reads)),
      listP99Ratio: rounded(busy.p99Ms / idle.p99Ms),
      listP99RatioAim: 5,
      listP99IdleMs: rounded(idle.p99Ms),
      listP99DuringReplayMs: rounded(busy.p99Ms),
    };
  } finally {
    await bench.destroy();
  }
}
