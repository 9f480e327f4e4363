import { parseArgs } from 'node:util';
import { StartError } from '../system/run-system';

export interface DemoOptions {
  readonly messages: number;
  readonly seed: number;
  /** End when all is shown instead of staying up. */
  readonly exit: boolean;
}

export const USAGE = `npm run demo -- [--messages 5000] [--seed 1] [--exit]
  --messages N  how many messages are played, 1 to 1000000
  --seed N      another cast and another course of events
  --exit        end when all is shown instead of staying up`;

/** @throws StartError naming the argument that is at fault */
export function parseOptions(args: readonly string[]): DemoOptions {
  let values: { messages: string; seed: string; exit: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        messages: { type: 'string', default: '5000' },
        seed: { type: 'string', default: '1' },
        exit: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`);
  }
  return {
    messages: wholeNumber('--messages', values.messages, 1, 1_000_000),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    exit: values.exit,
  };
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new StartError(`${name}: ${JSON.stringify(text)} is no whole number from ${min} to ${max}\n${USAGE}`);
  }
  return value;
}
