/** Closed interval of whole numbers; empty where min > max. */
export interface Interval {
  readonly min: number;
  readonly max: number;
}

/** Reads whole numbers and gives the values that a text stands for; undefined where it is none. */
export type ReadInterval = (text: string) => Interval | undefined;

/**
 * A number beyond 2^53 - 1 is not held by any document, and a double near it may be its neighbour: it stands for
 * infinity, which compares with all values as the number itself would.
 */
export function readInteger(text: string): Interval | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  const held = Number.isSafeInteger(value) ? value : value < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return { min: held, max: held };
}
