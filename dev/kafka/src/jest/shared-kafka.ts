import { connect } from 'node:net';
import type { KafkaAddresses } from '../own-kafka';
import { RUN_VARIABLE, type RunDescription, type SharedAnswer } from './run';

/** What this jest run offers. */
export function kafkaRun(): RunDescription {
  const text = process.env[RUN_VARIABLE];
  if (text === undefined) throw new Error(`${RUN_VARIABLE} is not set: this works in tests that jest runs`);
  return JSON.parse(text);
}

function ask(path: string): Promise<SharedAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.once('error', reject);
    socket.once('end', () => resolve(JSON.parse(text)));
  });
}

/**
 * Kafka and a schema registry that all tests of a jest run share, started by the first that asks; tests keep apart by
 * prefixes. Undefined where none can be had.
 */
export async function sharedKafka(): Promise<KafkaAddresses | undefined> {
  const { shared, socket } = kafkaRun();
  if (shared.kind === 'none') return undefined;
  const answer = await ask(socket);
  if ('error' in answer) throw new Error(answer.error);
  return answer;
}
