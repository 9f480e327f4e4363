import type { Budget } from '../limits';

/** Which terms of a field a query means, where it does not name one. Terms are in lower case. */
export interface TermSet {
  /** Every term of the set is at least this, in the order of UTF-16 units; '' where nothing is known. */
  readonly from: string;
  /** All terms of the set begin so: looking may stop at the first that does not. */
  readonly prefix: string;
  /** No term greater than this is in the set; null where nothing is known. */
  readonly to: string | null;
  /** Is asked for terms within from, to and prefix alone. Spends what it costs. */
  has(term: string, budget: Budget): boolean;
}

/** All terms that begin so. */
export function prefixTerms(prefix: string): TermSet {
  return { from: prefix, prefix, to: null, has: () => true };
}

export interface TermBound {
  readonly text: string;
  readonly inclusive: boolean;
}

/** Terms between two bounds; null is an open end. */
export function rangeTerms(from: TermBound | null, to: TermBound | null): TermSet {
  return {
    from: from?.text ?? '',
    prefix: '',
    to: to?.text ?? null,
    has: (term) => (from?.inclusive !== false || term !== from.text) && (to?.inclusive !== false || term !== to.text),
  };
}
