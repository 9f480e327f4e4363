import type { Logger } from 'pino';

export interface OtherLog {
  /** Folder of what is kept. */
  readonly store: string;
  /** Identity of the log that it was made of; undefined: by a version that did not note it. */
  readonly before: string | undefined;
  /** Identity of the log that is there. */
  readonly now: string;
}

/** Tells the operator that what a service keeps was made of another log (Log.identity) and is of no use with this one. */
export function warnOfOtherLog(logger: Pick<Logger, 'warn'>, { store, before, now }: OtherLog): void {
  logger.warn(
    { store, before: before ?? null, now },
    'what is kept here is of another log; it is made again from this one',
  );
}
