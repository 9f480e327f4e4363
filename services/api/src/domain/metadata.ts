import { type FlatMetadata, flattenMetadata, type JsonObject } from '@parley/conversations';
import { AppError } from '@parley/service-kit';

/** Everything that callers write by metadata.* lies under this key, apart from what sources and the system write. */
const USER_DATA = 'user_data';

/** Dotted key of something a caller wrote. */
export function userDataKey(key: string): string {
  return `${USER_DATA}.${key}`;
}

/**
 * @param field of the request, to be blamed
 * @throws AppError INVALID_REQUEST where the object is nested too deeply or has too many leaves
 */
export function flatten(data: JsonObject, field: string, prefix?: string): FlatMetadata {
  try {
    return flattenMetadata(data, prefix);
  } catch (cause) {
    throw new AppError('INVALID_REQUEST', { message: `${field} has ${(cause as Error).message}`, field, cause });
  }
}

/** @throws AppError INVALID_REQUEST */
export function userData(data: JsonObject, field: string): FlatMetadata {
  return flatten(data, field, USER_DATA);
}
