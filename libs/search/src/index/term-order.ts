import type { Budget } from '../limits';
import type { TermSet } from '../terms/term-set';

/** Terms that one search sorts: some milliseconds' work. */
const sortedPerSearch = 8_192;
/** Looking at so many one by one costs less than sorting them. */
const loneMax = 1_024;
/** Longer runs are merged no more: merging is a search's work too. */
const runMax = 32_768;

/**
 * The order of a field's terms, for prefixes and ranges. Adding a term costs a push: most are never asked for by order,
 * and filling an index adds millions. Searches sort them, so many each, into runs; until then they look at every one.
 * A term that the field lost stays until the next rebuild, and one that came back is there twice.
 */
export class TermOrder {
  private unsorted: string[] = [];
  private runs: (readonly string[])[] = [];
  private inRuns = 0;

  /** Count of terms held, those lost and held twice too. */
  get length(): number {
    return this.inRuns + this.unsorted.length;
  }

  add(term: string): void {
    this.unsorted.push(term);
  }

  /** Forgets all but these. */
  rebuild(terms: Iterable<string>): void {
    this.unsorted = [...terms];
    this.runs = [];
    this.inRuns = 0;
  }

  /** Calls back with each term in the bounds of the set, in no order of the whole. */
  visit({ from, prefix, to }: TermSet, budget: Budget, visit: (term: string) => void): void {
    this.sortSome();
    // What begins so is never less than what it begins with.
    const isAfter = from === prefix ? () => true : (term: string) => term >= from;
    const isIn = (term: string) => term.startsWith(prefix) && isAfter(term) && (to === null || term <= to);
    budget.spend(this.unsorted.length);
    for (const term of this.unsorted) if (isIn(term)) visit(term);
    for (const run of this.runs) {
      for (let i = firstFrom(run, from); i < run.length; i++) {
        const term = run[i] ?? '';
        if (!isIn(term)) break;
        visit(term);
      }
    }
  }

  private sortSome(): void {
    const { unsorted, runs } = this;
    if (unsorted.length <= loneMax) return;
    let run: readonly string[] = unsorted.splice(-sortedPerSearch).sort();
    this.inRuns += run.length;
    // No run is less than twice as long as the next, or both are too long to merge: they are few.
    for (let last = runs.at(-1); last; last = runs.at(-1)) {
      if (last.length + run.length > runMax || last.length >= 2 * run.length) break;
      runs.pop();
      // The runtime's sort takes two runs for what they are and merges them.
      run = last.concat(run).sort();
    }
    runs.push(run);
  }
}

/** Index of the first term that is at least this one. */
function firstFrom(run: readonly string[], least: string): number {
  let from = 0;
  let to = run.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((run[middle] ?? '') < least) from = middle + 1;
    else to = middle;
  }
  return from;
}
