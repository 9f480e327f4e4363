import type { TermSet } from './term-set';

/**
 * Terms at most `edits` insertions, deletions, substitutions and swaps of neighbours away. No part is edited twice
 * (optimal string alignment), as in Lucene.
 */
export function fuzzyTerms(text: string, edits: number): TermSet {
  const wanted = codePoints(text);
  return {
    from: '',
    prefix: '',
    to: null,
    has(term, budget) {
      if (term === text) return true;
      // A character is one or two units long.
      if (term.length > 2 * (wanted.length + edits) || term.length < wanted.length - edits) return false;
      const found = codePoints(term);
      budget.spend(found.length * (2 * edits + 1));
      return withinEdits(wanted, found, edits);
    },
  };
}

function codePoints(text: string): readonly number[] {
  return Array.from(text, (char) => char.codePointAt(0) ?? 0);
}

/** Fills the diagonal band of the distance table: cells outside it are over the limit anyway. */
function withinEdits(a: readonly number[], b: readonly number[], edits: number): boolean {
  if (Math.abs(a.length - b.length) > edits) return false;
  const over = edits + 1;
  let twoBack: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => Math.min(j, over));
  for (let i = 1; i <= a.length; i++) {
    const row = new Array<number>(b.length + 1).fill(over);
    if (i <= edits) row[0] = i;
    let least = row[0] ?? over;
    const end = Math.min(b.length, i + edits);
    for (let j = Math.max(1, i - edits); j <= end; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (previous[j] ?? over) + 1,
        (row[j - 1] ?? over) + 1,
        (previous[j - 1] ?? over) + (same ? 0 : 1),
      );
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (twoBack[j - 2] ?? over) + 1);
      row[j] = Math.min(cost, over);
      if (cost < least) least = cost;
    }
    // A swap may reach over one row, so one hopeless row is no proof; two are.
    if (least > edits && Math.min(...bandOf(previous, i - 1, edits)) > edits) return false;
    twoBack = previous;
    previous = row;
  }
  return (previous[b.length] ?? over) <= edits;
}

function bandOf(row: readonly number[], i: number, edits: number): readonly number[] {
  return row.slice(Math.max(0, i - edits), i + edits + 1);
}
