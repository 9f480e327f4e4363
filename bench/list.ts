import { Bench, median, rounded, SYSTEM_TOKEN, untilAnswers } from './lib/processes';

const CONVERSATIONS = 100_000;
const EVENTS = 300_000;
const ROUNDS = 3;
const CONNECTIONS = 16;

const queries = {
  all: '{}',
  unread: '{"filters":"unread_count:[1 TO *]"}',
  name: '{"filters":"display_name:*1a"}',
} as const;

/** conversations.list through the api and the aggregator, against an endpoint that has the same bytes in memory. */
export async function benchList(): Promise<object> {
  const bench = await Bench.create();
  try {
    await bench.script('lib/seed-reference');
    await bench.script('lib/seed-events', [String(CONVERSATIONS), String(EVENTS)]);
    await bench.service('conversation-aggregator', bench.ports.aggregator);
    await bench.service('api', bench.ports.api);
    const headers = { Authorization: `Bearer ${SYSTEM_TOKEN}`, 'Content-Type': 'application/json' };
    const ratios: Record<string, object> = {};
    for (const [name, body] of Object.entries(queries)) {
      const answer = await fetch(`http://127.0.0.1:${bench.ports.api}/conversations.list`, {
        method: 'POST',
        headers,
        body,
      });
      const bytes = await answer.text();
      const peer = bench.spawn(require.resolve('./peers/same-bytes'));
      peer.stdin?.end(bytes);
      await untilAnswers(bench.ports.delivery, '/health', peer);
      const spec = {
        path: '/conversations.list',
        headers,
        bodies: [body],
        connections: CONNECTIONS,
        warmupMs: 1_000,
        durationMs: 3_000,
      };
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        theirs.push((await bench.load({ ...spec, port: bench.ports.delivery })).perSecond);
        ours.push((await bench.load({ ...spec, port: bench.ports.api })).perSecond);
      }
      await bench.stop(peer);
      ratios[name] = {
        ratio: rounded(median(ours) / median(theirs)),
        perSecond: Math.round(median(ours)),
        sameBytesPerSecond: Math.round(median(theirs)),
        bytes: Buffer.byteLength(bytes),
      };
    }
    return { aim: 0.5, conversations: CONVERSATIONS, ...ratios };
  } finally {
    await bench.destroy();
  }
}
