import { readFileSync } from 'node:fs';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { describeWithOwnKafka, type SecureAddresses } from '../src';

async function listTopics(options: KafkaConfig): Promise<readonly string[]> {
  const admin = new Kafka({ ...options, retry: { retries: 0 }, logLevel: logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

describeWithOwnKafka('listeners that do not trust everybody', { registry: false, secure: true }, (kafka) => {
  const secure = (): SecureAddresses => {
    const { secure } = kafka();
    if (secure === undefined) throw new Error('asked for');
    return secure;
  };

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'let in who knows the password, over %s',
    async (mechanism) => {
      const { sasl, ca } = secure();
      const { username, password } = sasl;
      const options = { brokers: [...sasl.brokers], ssl: { ca: readFileSync(ca, 'utf8') } };
      await listTopics({ ...options, sasl: { mechanism: mechanism as 'plain', username, password } });
      const wrong = { mechanism: mechanism as 'plain', username, password: 'wrong' };
      await expect(listTopics({ ...options, sasl: wrong })).rejects.toThrow(/authentication|credentials/i);
      await expect(listTopics(options)).rejects.toThrow();
    },
  );

  it('let in who shows the certificate', async () => {
    const { mutualTls, ca } = secure();
    const ssl = { ca: readFileSync(ca, 'utf8') };
    const shown = { cert: readFileSync(mutualTls.cert, 'utf8'), key: readFileSync(mutualTls.key, 'utf8') };
    await listTopics({ brokers: [...mutualTls.brokers], ssl: { ...ssl, ...shown } });
    await expect(listTopics({ brokers: [...mutualTls.brokers], ssl })).rejects.toThrow();
  });
});
