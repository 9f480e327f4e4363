import { type Logger, pino } from 'pino';

/** JSON lines on standard output. What could hold a secret or what somebody wrote is cut out even if it is passed by mistake. */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    redact: {
      paths: [
        '*.token',
        '*.authorization',
        '*.body',
        '*.content',
        '*.text',
        'token',
        'authorization',
        'body',
        'content',
      ],
      censor: '[redacted]',
    },
  });
}
