import type { Position } from '@parley/log';
import type { QueryClient } from '@parley/query';
import { AppError, type Call } from '@parley/service-kit';

/** Of an answer to a write: where its event is on the log, `<partition>/<offset>`. */
export const POSITION_HEADER = 'Parley-Position';
/** Of a request: the answer must know what was written there, at whichever instance. */
export const AT_LEAST_HEADER = 'Parley-At-Least';
const WITHIN_MS = 10_000;
const FORM = /^(\d{1,9})\/(\d{1,15})$/;

export function positionText({ partition, offset }: Position): string {
  return `${partition}/${offset}`;
}

/** @throws AppError INVALID_REQUEST with the header as field */
export function parsePosition(text: string, partitions: number): Position {
  const [, partition, offset] = FORM.exec(text.trim()) ?? [];
  if (partition === undefined || offset === undefined || Number(partition) >= partitions) {
    throw new AppError('INVALID_REQUEST', {
      message: `${AT_LEAST_HEADER} must be <partition>/<offset>, as ${POSITION_HEADER} gave it`,
      field: AT_LEAST_HEADER,
    });
  }
  return { partition: Number(partition), offset: Number(offset) };
}

/**
 * Waits until what the request demands to see has been applied.
 * @throws AppError INVALID_REQUEST; UNAVAILABLE if it has not been within ten seconds
 */
export async function awaitAtLeast(call: Call, query: QueryClient, partitions: number): Promise<void> {
  const text = call.header(AT_LEAST_HEADER.toLowerCase());
  if (text === undefined) return;
  if (!(await query.awaitApplied(parsePosition(text, partitions), WITHIN_MS))) {
    throw new AppError('UNAVAILABLE', { message: `${text} has not been applied yet; try again`, retryAfterS: 1 });
  }
}
