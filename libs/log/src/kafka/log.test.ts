import { pino } from 'pino';
import { openKafkaLog } from './log';

describe('a log on Kafka', () => {
  const open = (...brokers: string[]) =>
    openKafkaLog({ brokers, clientId: 'parley-test', logger: pino({ level: 'silent' }) });

  it.each(['kafka:9092', '127.0.0.1:9092', '[::1]:9092'])('is opened at %s, without asking', async (broker) => {
    await (await open(broker)).close();
  });

  it.each([['kafka'], ['::1:9092'], ['http://kafka:9092'], []])('is not opened at %j', async (...brokers) => {
    await expect(open(...brokers)).rejects.toThrow(RangeError);
  });
});
