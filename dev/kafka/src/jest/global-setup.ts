import { KafkaRun } from './run';

declare global {
  var parleyKafkaRun: KafkaRun | undefined;
}

export default async function setUp(): Promise<void> {
  globalThis.parleyKafkaRun = await KafkaRun.open();
}
