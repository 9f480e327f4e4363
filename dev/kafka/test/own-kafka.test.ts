import { once } from 'node:events';
import { Kafka, logLevel } from 'kafkajs';
import { describeWithKafka, describeWithOwnKafka } from '../src';

const value = (schema: object) => JSON.stringify({ schema: JSON.stringify(schema) });

function schemaWith(type: string) {
  return value({ type: 'record', name: 'A', fields: [{ name: 'a', type }] });
}

async function call(url: string, method: string, body?: string) {
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
  const response = await fetch(url, { method, body, headers });
  return { status: response.status, body: (await response.json()) as { id?: number } };
}

/** Asks once, without trying again. */
async function listTopics(brokers: readonly string[]) {
  const quick = { requestTimeout: 1_000, connectionTimeout: 1_000, retry: { retries: 0 } };
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, ...quick }).admin();
  try {
    await admin.connect();
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

describeWithKafka('the shared Kafka', (kafka) => {
  it('takes topics', async () => {
    const { brokers } = kafka();
    const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const topic = `shared-${Date.now()}`;
    await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
    expect((await admin.fetchTopicOffsets(topic)).length).toBe(3);
    await admin.disconnect();
  });
});

describeWithOwnKafka('a Kafka of a test own', {}, (kafka) => {
  it('keeps what it acknowledged over SIGKILL and start, on the same address', async () => {
    const { brokers, broker, java } = kafka();
    const client = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
    const admin = client.admin();
    const producer = client.producer();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] });
    await producer.connect();
    await producer.send({ topic: 'kept', messages: [{ key: 'k', value: 'before' }] });
    await broker.kill();
    await expect(listTopics(brokers)).rejects.toThrow(/ECONNREFUSED/);
    await broker.start();
    await producer.send({ topic: 'kept', messages: [{ key: 'k', value: 'after' }] });
    await Promise.all([producer.disconnect(), admin.disconnect()]);

    const consumer = java('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', brokers.join(','), '--topic', 'kept', '--from-beginning', '--max-messages', '2'],
    ]);
    let printed = '';
    consumer.stdout?.on('data', (chunk) => {
      printed += chunk;
    });
    await once(consumer, 'close');
    expect(printed).toBe('before\nafter\n');
  }, 120_000);

  it('answers nothing while it is paused, and everything afterwards', async () => {
    const { brokers, broker } = kafka();
    await broker.pause();
    await expect(listTopics(brokers)).rejects.toThrow(/timed out/);
    broker.resume();
    await expect(listTopics(brokers)).resolves.toContain('kept');
  });

  it('has a registry that enforces compatibility and remembers over a restart', async () => {
    const { registryUrl, registry } = kafka();
    const subject = `${registryUrl}/subjects/people-value`;
    const wanted = JSON.stringify({ compatibility: 'FULL_TRANSITIVE' });
    expect((await call(`${registryUrl}/config/people-value`, 'PUT', wanted)).status).toBe(200);
    const first = await call(`${subject}/versions`, 'POST', schemaWith('string'));
    expect(first).toEqual({ status: 200, body: { id: expect.any(Number) } });
    expect((await call(`${subject}/versions`, 'POST', schemaWith('int'))).status).toBe(409);

    await registry.stop();
    await expect(call(subject, 'POST', schemaWith('string'))).rejects.toThrow();
    await registry.start();
    const found = await call(subject, 'POST', schemaWith('string'));
    expect(found).toMatchObject({ status: 200, body: { id: first.body.id, version: 1 } });
    expect((await call(`${subject}/versions`, 'POST', schemaWith('int'))).status).toBe(409);
  }, 120_000);
});
