export { type ConfluentRegistryOptions, openConfluentRegistry } from './confluent/registry';
export { checkEnvironmentFile } from './embedded/integrity';
export { type EmbeddedLogOptions, openEmbeddedLog } from './embedded/log';
export { openEmbeddedRegistry } from './embedded/registry';
export { isLogError, LogError, type LogErrorCode } from './errors';
export { type KafkaLogOptions, openKafkaLog } from './kafka/log';
export { murmur2, partitionOf } from './partition';
export type {
  From,
  GroupBatch,
  GroupConsumer,
  GroupLag,
  GroupOptions,
  Headers,
  Log,
  LogReader,
  LogRecord,
  NewRecord,
  NextOptions,
  Offset,
  PartitionDescription,
  Position,
  RecordBatch,
  TopicDescription,
  TopicSpec,
} from './port';
