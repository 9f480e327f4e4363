import { type Config, loadConfig } from '@parley/service-kit';
import { destination, type Logger, pino } from 'pino';

/** Stands in for secrets that are unset: commands sign nothing, and must not make secrets that nobody asked for. */
const UNUSED = 'not used by commands';

/** The configuration as the services have it, but for the secrets. @throws ConfigError */
export function configOf(env: NodeJS.ProcessEnv): Config {
  return loadConfig({
    ...env,
    SYSTEM_TOKEN: env.SYSTEM_TOKEN?.trim() || UNUSED,
    JWT_SECRET: env.JWT_SECRET?.trim() || UNUSED,
  });
}

/** Warnings to standard error: standard output is for the result. */
export function commandLogger(): Logger {
  return pino({ level: 'warn', base: {} }, destination({ dest: 2, sync: true }));
}
