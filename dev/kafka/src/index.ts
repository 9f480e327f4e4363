export { cacheDir, cachedFolder } from './cache';
export { describeWhereKafkaRuns, describeWithKafka, describeWithOwnKafka } from './jest/describe';
export { sharedKafka } from './jest/shared-kafka';
export { kafkaJars, mavenJars } from './maven';
export { type KafkaAddresses, type OwnKafka, type OwnKafkaOptions, startOwnKafka } from './own-kafka';
export type { SecureAddresses } from './secure-listeners';
