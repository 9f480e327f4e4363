import { QueryError } from './port';

/**
 * What a query may ask for. Beyond it a search is refused with QUERY_TOO_COSTLY: a query comes from outside, and one
 * caller's must not keep the others waiting.
 */
export const limits = {
  /** Characters of a query's text: about 1,600 ids joined by OR. */
  queryCharsMax: 65_536,
  /** Clauses of a query, over all its groups. */
  clausesMax: 4_096,
  /** Groups inside groups; parser and planner recurse this deep. */
  nestingMax: 100,
  /** States of one regular expression after its repetitions are written out. */
  regexStatesMax: 2_000,
  /** Characters of a term compared with fuzzy terms; the cost of one comparison grows with it. */
  fuzzyCharsMax: 256,
  /** Elementary steps (a character compared, a number looked at) of one search: some tens of milliseconds. */
  workMax: 20_000_000,
  /** As many more for each document of the index: any one pattern, over terms of every document, is answered. */
  workPerDocument: 48,
} as const;

/** Counts what a search does beyond reading posting lists. */
export class Budget {
  private left: number;

  /** @param documents  size of the index that is searched */
  constructor(documents: number) {
    this.left = limits.workMax + limits.workPerDocument * documents;
  }

  /** @throws QueryError QUERY_TOO_COSTLY once the search has done more than its limit */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new QueryError('QUERY_TOO_COSTLY', 'the query takes too much work; make it more specific');
  }
}
