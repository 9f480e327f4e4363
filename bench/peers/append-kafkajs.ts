/**
 * Sends with kafkajs's own producer, one record a send: `append-kafkajs.js plain|idempotent`, an AppendSpec as JSON on
 * standard input, an AppendResult printed.
 */
import { Partitioners } from 'kafkajs';
import { type AppendSpec, appendLoad } from '../lib/append-load';
import { kafkaClient } from '../lib/kafka-admin';

async function main(): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  const spec = JSON.parse(text) as AppendSpec;
  const producer = kafkaClient((process.env.KAFKA_BROKERS ?? '').split(',')).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    // More than one in flight breaks the order of its sequence numbers.
    ...(process.argv[2] === 'idempotent' && { idempotent: true, maxInFlightRequests: 1 }),
  });
  await producer.connect();
  const result = await appendLoad(spec, (key, value) =>
    producer.send({ topic: spec.topic, acks: -1, messages: [{ key, value }] }),
  );
  process.stdout.write(JSON.stringify(result));
  await producer.disconnect();
}

void main();
