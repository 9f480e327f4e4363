import type { Offset } from '@parley/log';

/**
 * Where committed positions of one partition are in the copy. A position stands before the first record at or after
 * it; that record's place in the copy is the position's. Both logs may have holes, each its own.
 */
export class OffsetMap {
  private readonly found = new Map<Offset, Offset>();
  private readonly waiting: Offset[];
  private shifted = false;

  /** @param positions of the source that are asked for later */
  constructor(positions: Iterable<Offset>) {
    this.waiting = [...new Set(positions)].sort((a, b) => a - b);
  }

  /** Told of each record in order: where it was and where it is. */
  pair(source: Offset, target: Offset): void {
    this.shifted ||= source !== target;
    while (this.waiting[0] !== undefined && this.waiting[0] <= source) {
      this.found.set(this.waiting[0], target);
      this.waiting.shift();
    }
  }

  /** What stands behind the last record stands at the end. */
  end(target: Offset): void {
    for (const position of this.waiting.splice(0)) this.found.set(position, target);
  }

  /** Where a position that was asked for is. */
  of(position: Offset): Offset {
    const target = this.found.get(position);
    if (target === undefined)
      throw new Error(`position ${position} was not asked for, or the partition is not through`);
    return target;
  }

  /** Whether every record has the offset that it had. */
  get kept(): boolean {
    return !this.shifted;
  }
}
