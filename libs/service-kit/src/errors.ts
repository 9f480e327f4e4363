/** Errors that callers see: a stable code and its HTTP status. Listed in docs/errors.md; a test compares both. */
export const errorStatus = {
  INVALID_REQUEST: 400,
  INVALID_QUERY: 400,
  INVALID_CURSOR: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  IDEMPOTENCY_MISMATCH: 422,
  INTERNAL: 500,
  PROVIDER_REFUSED: 502,
  UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof errorStatus;

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface ErrorDetails {
  readonly message: string;
  /** The field to blame, dotted: `messages.3.sent_at`. */
  readonly field?: string;
  readonly errors?: readonly FieldError[];
  /** Sent as Retry-After, seconds. */
  readonly retryAfterS?: number;
  readonly cause?: unknown;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly field: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(details.message, { cause: details.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = errorStatus[code];
    this.field = details.field;
    this.errors = details.errors;
    this.retryAfterS = details.retryAfterS;
  }

  /** The JSON body that a caller gets. */
  body(): { message: string; code: string; field?: string; errors?: readonly FieldError[] } {
    return {
      message: this.message,
      code: this.code,
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.errors === undefined ? {} : { errors: this.errors }),
    };
  }
}
