import { ConfigError } from '@parley/service-kit';
import { StartError } from './run-system';

/** Says why nothing runs and sets exit code 1. What a person can mend is said without a stack. */
export function fail(error: unknown): void {
  const known = error instanceof ConfigError || error instanceof StartError;
  const text = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
