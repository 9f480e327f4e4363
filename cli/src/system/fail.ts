import { failureOf } from '../commands/exit-codes';
import { StartError } from './run-system';

/** Says why nothing runs and sets exit code 1. What a person can mend is said without a stack. */
export function fail(error: unknown): void {
  const text = error instanceof StartError ? error.message : failureOf(error).text;
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
