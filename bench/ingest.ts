import { ids } from '@parley/contracts';
import { signSourceToken } from '@parley/service-kit';
import type { LoadSpec } from './lib/load';
import { Bench, median, rounded, SYSTEM_TOKEN, untilAnswers } from './lib/processes';
import { benchSource, CHANNEL } from './lib/reference';

const ROUNDS = 3;
const CONNECTIONS = 64;
const SAMPLES = 300;

const message = (conversation: string, id: string) =>
  JSON.stringify({
    messages: [
      {
        source_message_id: id,
        source_conversation_id: conversation,
        source_channel_id: CHANNEL,
        source_sender_id: conversation,
        from_contact: true,
        sent_at: 1_714_550_400_000,
        content: { text: 'Where is my parcel? It was to come on Monday, and the tracking page shows nothing at all.' },
      },
    ],
  });

/** Webhooks accepted per second: the endpoint of custom sources against bare node:http with one durable append. */
async function accepted(bench: Bench, spec: Omit<LoadSpec, 'port'>): Promise<{ ours: number; peer: number }> {
  const ours: number[] = [];
  const peer: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bare = bench.spawn(require.resolve('./peers/bare-append'));
    await untilAnswers(bench.ports.delivery, '/health', bare);
    peer.push((await bench.load({ ...spec, port: bench.ports.delivery })).perSecond);
    await bench.stop(bare);

    const ingest = await bench.service('ingest', bench.ports.ingest);
    const result = await bench.load({ ...spec, port: bench.ports.ingest });
    if (result.refused) throw new Error(`${result.refused} webhooks were refused`);
    ours.push(result.perSecond);
    await bench.stop(ingest);
  }
  return { ours: median(ours), peer: median(peer) };
}

/** From sending a webhook until a filtered list shows it, one at a time, with all services running. */
async function visible(bench: Bench, token: string): Promise<{ p50: number; p99: number }> {
  await bench.service('conversation-aggregator', bench.ports.aggregator);
  await bench.service('ingest', bench.ports.ingest);
  await bench.service('api', bench.ports.api);
  const post = (port: number, path: string, bearer: string, body: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body,
    });
  const latencies: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const conversation = `visible-${sample}`;
    const filters = `id:${ids.conversationOfSource(1, benchSource.id, conversation)}`;
    const startedAt = performance.now();
    await post(bench.ports.ingest, '/sources.webhook', token, message(conversation, `visible-${sample}`));
    for (;;) {
      const answer = await post(bench.ports.api, '/conversations.list', SYSTEM_TOKEN, JSON.stringify({ filters }));
      const page = (await answer.json()) as { pagination_data: { total: number } };
      if (page.pagination_data.total === 1) break;
    }
    latencies.push(performance.now() - startedAt);
  }
  latencies.sort((a, b) => a - b);
  return { p50: median(latencies), p99: latencies[Math.floor(SAMPLES * 0.99)] ?? Number.NaN };
}

export async function benchIngest(): Promise<object> {
  const bench = await Bench.create();
  try {
    await bench.script('lib/seed-reference');
    const token = signSourceToken('bench-jwt-secret', benchSource);
    const { ours, peer } = await accepted(bench, {
      path: '/sources.webhook',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      bodies: [message('c-{{n}}', 'm-{{n}}')],
      connections: CONNECTIONS,
      warmupMs: 1_000,
      durationMs: 4_000,
    });
    const quiet = await Bench.create();
    try {
      await quiet.script('lib/seed-reference');
      const latency = await visible(quiet, token);
      return {
        acceptedRatio: rounded(ours / peer),
        aim: 0.6,
        acceptedPerSecond: Math.round(ours),
        bareAppendPerSecond: Math.round(peer),
        webhookToListP50Ms: rounded(latency.p50, 1),
        webhookToListP99Ms: rounded(latency.p99, 1),
      };
    } finally {
      await quiet.destroy();
    }
  } finally {
    await bench.destroy();
  }
}
