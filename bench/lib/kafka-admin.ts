import { type Admin, Kafka, logLevel } from 'kafkajs';

/** Quiet: it logs what it tries again, and what it gives up it throws. */
export function kafkaClient(brokers: readonly string[]): Kafka {
  return new Kafka({ clientId: 'parley-bench', brokers: [...brokers], logLevel: logLevel.NOTHING });
}

export async function withAdmin<T>(brokers: readonly string[], work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafkaClient(brokers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Records that were ever appended to a topic, compacted ones too; 0 if there is no such topic. */
export async function endOf(admin: Admin, topic: string): Promise<number> {
  if (!(await admin.listTopics()).includes(topic)) return 0;
  return (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
}
