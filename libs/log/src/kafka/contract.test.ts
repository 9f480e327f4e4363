import { describeWithKafka } from '@parley/kafka-dev';
import { openOnKafkaForTest } from '../../test/under-test';
import { testLogContract } from '../contract-suite';

describeWithKafka('the log on Kafka', (kafka) => {
  testLogContract('kafka', () => openOnKafkaForTest(kafka()), {
    compactsOnRequest: 'the broker compacts by itself: see broker-made-holes.test.ts',
    expiresOnRequest: 'the broker removes by itself: see broker-made-holes.test.ts',
    strayMembers: true,
  });
});
