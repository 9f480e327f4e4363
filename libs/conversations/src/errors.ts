/**
 * An event that can't be applied, whatever the state: its producer is at fault. Nothing of it is applied.
 *
 * ACCOUNT_MISMATCH        the event's account is not the one of its conversation
 * UNKNOWN_DELIVERY_STATE  a delivery state that is not on the ladder
 * BAD_METADATA            a metadata value that is no JSON
 * BAD_TIME                a message sent before 1970 or after the year 9999: no calendar could show it
 */
export class ReduceError extends Error {
  readonly code: 'ACCOUNT_MISMATCH' | 'UNKNOWN_DELIVERY_STATE' | 'BAD_METADATA' | 'BAD_TIME';

  constructor(code: ReduceError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReduceError';
    this.code = code;
  }
}

/**
 * Metadata that would not fit.
 *
 * METADATA_TOO_DEEP   more than 32 levels, dots in keys and lists counted
 * METADATA_TOO_LARGE  more than 10,000 leaves, or 1,000,000 characters of keys and JSON texts together
 */
export class MetadataError extends Error {
  readonly code: 'METADATA_TOO_DEEP' | 'METADATA_TOO_LARGE';

  constructor(code: MetadataError['code'], message: string) {
    super(message);
    this.name = 'MetadataError';
    this.code = code;
  }
}
