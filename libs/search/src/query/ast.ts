/**
 * A query as it was written: fields are names, values are text. What they mean for an index is the planner's to say.
 * `field` null stands for the default field; `at` is the 0-based character where the part begins.
 */

/** Parts of a wildcard pattern: literal text, or one of the two wildcards. */
export type WildcardPart = string | { readonly any: 'one' | 'many' };

interface Leaf {
  readonly field: string | null;
  readonly at: number;
}

export interface TermNode extends Leaf {
  readonly kind: 'term';
  readonly text: string;
}

export interface PhraseNode extends Leaf {
  readonly kind: 'phrase';
  readonly text: string;
  /** How many places the words may be moved, in sum; 0 is the exact order. */
  readonly slop: number;
}

export interface PrefixNode extends Leaf {
  readonly kind: 'prefix';
  readonly text: string;
}

export interface WildcardNode extends Leaf {
  readonly kind: 'wildcard';
  readonly parts: readonly WildcardPart[];
}

export interface FuzzyNode extends Leaf {
  readonly kind: 'fuzzy';
  readonly text: string;
  /** 0 to 2. */
  readonly edits: number;
}

export interface RegexNode extends Leaf {
  readonly kind: 'regex';
  /** The text between the slashes, as written. */
  readonly pattern: string;
}

export interface RangeBound {
  readonly text: string;
  readonly inclusive: boolean;
}

export interface RangeNode extends Leaf {
  readonly kind: 'range';
  /** Null is an open end. */
  readonly from: RangeBound | null;
  readonly to: RangeBound | null;
}

/** `*:*` and a `*` without a field. */
export interface AllNode {
  readonly kind: 'all';
  readonly at: number;
}

export type Occur = 'must' | 'should' | 'mustNot';

export interface Clause {
  readonly occur: Occur;
  readonly node: QueryNode;
}

/**
 * Matches what all `must` clauses match, or any `should` clause where there is no `must`, and no `mustNot` clause;
 * `mustNot` clauses alone leave everything else.
 */
export interface BooleanNode {
  readonly kind: 'boolean';
  readonly clauses: readonly Clause[];
}

export type QueryNode =
  | TermNode
  | PhraseNode
  | PrefixNode
  | WildcardNode
  | FuzzyNode
  | RegexNode
  | RangeNode
  | AllNode
  | BooleanNode;
