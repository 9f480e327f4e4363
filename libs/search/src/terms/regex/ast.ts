/** A regular expression, in lower case but for what stands in no class. */
export type RegexNode =
  | { readonly kind: 'chars'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  /** max null: without end. */
  | { readonly kind: 'repeat'; readonly node: RegexNode; readonly min: number; readonly max: number | null };

/** Code points: inclusive ranges, or all but these. */
export interface CharSet {
  readonly ranges: readonly (readonly [from: number, to: number])[];
  readonly negated: boolean;
}

export const anyChar: CharSet = { ranges: [], negated: true };

export function inCharSet(set: CharSet, codePoint: number): boolean {
  return set.ranges.some(([from, to]) => from <= codePoint && codePoint <= to) !== set.negated;
}
