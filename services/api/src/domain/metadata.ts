import {
  type FlatMetadata,
  flattenMetadata,
  type JsonObject,
  MetadataError,
  mergeMetadata,
} from '@parley/conversations';
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

/**
 * The metadata with what is set.
 * @param field of the request, to be blamed; undefined where it is no single one
 * @throws AppError INVALID_REQUEST where it would be too large
 */
export function merged(before: FlatMetadata, set: FlatMetadata, field?: string): FlatMetadata {
  return refusingTooLarge(() => mergeMetadata(before, set, []), field);
}

/**
 * Whether there is room for what is set beside the metadata that is shown: the reducer refuses what is too large, and
 * could tell nobody.
 * @throws AppError INVALID_REQUEST
 */
export function checkRoom(shown: JsonObject, set: FlatMetadata, field: string): void {
  refusingTooLarge(() => mergeMetadata(flattenMetadata(shown), set, []), field);
}

function refusingTooLarge(write: () => FlatMetadata, field: string | undefined): FlatMetadata {
  try {
    return write();
  } catch (cause) {
    if (!(cause instanceof MetadataError)) throw cause;
    throw new AppError('INVALID_REQUEST', {
      message: `the metadata would have ${cause.message}`,
      ...(field !== undefined && { field }),
      cause,
    });
  }
}
