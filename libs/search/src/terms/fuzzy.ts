import type { TermSet } from './term-set';

/**
 * Terms at most `edits` insertions, deletions, substitutions and swaps of neighbours away. No part is edited twice
 * (optimal string alignment), as in Lucene.
 */
export function fuzzyTerms(text: string, edits: number): TermSet {
  const table = new DistanceTable(codePoints(text, []), edits);
  const found: number[] = [];
  return {
    from: '',
    prefix: '',
    to: null,
    has(term, budget) {
      // A character is one or two units long.
      if (term.length < table.length - edits || term.length > 2 * (table.length + edits)) return false;
      codePoints(term, found);
      if (Math.abs(found.length - table.length) > edits) return false;
      budget.spend(found.length * (2 * edits + 1));
      return table.isNear(found);
    },
  };
}

function codePoints(text: string, into: number[]): number[] {
  into.length = 0;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i) ?? 0;
    if (codePoint > 0xffff) i++;
    into.push(codePoint);
  }
  return into;
}

/**
 * Edit distances of the beginnings of a word to those of a wanted one, row by row. Only the band around the diagonal is
 * filled: cells outside it are over the limit anyway.
 */
class DistanceTable {
  private rows: readonly [Uint8Array, Uint8Array, Uint8Array];
  private readonly over: number;

  constructor(
    private readonly wanted: readonly number[],
    private readonly edits: number,
  ) {
    const row = () => new Uint8Array(wanted.length + 2 * edits + 2);
    this.rows = [row(), row(), row()];
    this.over = edits + 1;
  }

  get length(): number {
    return this.wanted.length;
  }

  isNear(word: readonly number[]): boolean {
    const { edits, over, wanted } = this;
    for (let j = 0; j <= Math.min(edits + 1, wanted.length); j++) this.rows[1][j] = Math.min(j, over);
    let hopeless = false;
    for (let i = 1; i <= word.length; i++) {
      const least = this.fillRow(i, word);
      // A swap reaches over one row, so that one hopeless row is no proof; two are.
      if (least > edits && hopeless) return false;
      hopeless = least > edits;
      const [twoBack, previous, row] = this.rows;
      this.rows = [previous, row, twoBack];
    }
    return (this.rows[1][wanted.length] ?? over) <= edits;
  }

  /** Gives the least distance in the row. */
  private fillRow(i: number, word: readonly number[]): number {
    const { edits, over, wanted } = this;
    const [twoBack, previous, row] = this.rows;
    const begin = Math.max(1, i - edits);
    const end = Math.min(wanted.length, i + edits);
    row[begin - 1] = begin === 1 ? Math.min(i, over) : over;
    let least = row[begin - 1] ?? over;
    for (let j = begin; j <= end; j++) {
      let cost = (previous[j - 1] ?? over) + (word[i - 1] === wanted[j - 1] ? 0 : 1);
      cost = Math.min(cost, (previous[j] ?? over) + 1, (row[j - 1] ?? over) + 1, over);
      if (i > 1 && j > 1 && word[i - 1] === wanted[j - 2] && word[i - 2] === wanted[j - 1]) {
        cost = Math.min(cost, (twoBack[j - 2] ?? over) + 1);
      }
      row[j] = cost;
      if (cost < least) least = cost;
    }
    // The next row looks one cell beyond this band.
    row[end + 1] = over;
    return least;
  }
}
