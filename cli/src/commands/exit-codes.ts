import { isRegistryError } from '@parley/contracts';
import { isLogError, type LogErrorCode } from '@parley/log';
import { ConfigError, EXIT_CONFIG } from '@parley/service-kit';
import { CommandError, UsageError } from './command';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Refusals of a log that no other try mends, but another setting does. */
const misconfigured: readonly LogErrorCode[] = ['LOG_REFUSED', 'TOPIC_MISMATCH', 'DATA_DIR_FOREIGN', 'DATA_DIR_TORN'];

/** What a person can mend is said without a stack, and a program learns from the code whether another try may help. */
export function failureOf(error: unknown): { readonly code: number; readonly text: string } {
  if (!(error instanceof Error)) return { code: EXIT_FAILED, text: String(error) };
  const code = codeOf(error);
  return code === undefined ? { code: EXIT_FAILED, text: error.stack ?? error.message } : { code, text: error.message };
}

/** Undefined of what nobody foresaw. */
function codeOf(error: Error): number | undefined {
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof ConfigError) return EXIT_CONFIG;
  if (error instanceof CommandError) return error.isConfiguration ? EXIT_CONFIG : EXIT_FAILED;
  if (isLogError(error)) return misconfigured.includes(error.code) ? EXIT_CONFIG : EXIT_FAILED;
  // All that is final with a registry is settings: what is registered, and who may ask.
  if (isRegistryError(error)) return error.retryable ? EXIT_FAILED : EXIT_CONFIG;
  return undefined;
}
