/** Stable codes of what can go wrong with a log; `retryable` tells whether the same call may go through later. */
const retryable = {
  UNKNOWN_TOPIC: false,
  TOPIC_MISMATCH: false,
  RECORD_TOO_LARGE: false,
  RECORD_UNREADABLE: false,
  OFFSET_OUT_OF_RANGE: false,
  FENCED: false,
  GROUP_ACTIVE: false,
  LOG_UNAVAILABLE: true,
  /** The brokers don't accept the credentials, we don't accept their certificate, or a right is missing. */
  LOG_REFUSED: false,
  LOG_CLOSED: false,
  DATA_DIR_FOREIGN: false,
  DATA_DIR_TORN: false,
} as const;

export type LogErrorCode = keyof typeof retryable;

export class LogError extends Error {
  readonly code: LogErrorCode;
  readonly retryable: boolean;
  /** Topic, partition, offset and the like, for the operator. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: LogErrorCode,
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
    this.retryable = retryable[code];
    this.facts = facts;
  }
}

export function isLogError(error: unknown, code?: LogErrorCode): error is LogError {
  return error instanceof LogError && (code === undefined || error.code === code);
}
