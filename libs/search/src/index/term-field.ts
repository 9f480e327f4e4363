import type { Budget } from '../limits';
import type { TermSet } from '../terms/term-set';
import type { Bits } from './bits';
import { SlotSet } from './slot-set';
import { SortedList } from './sorted-list';

/** Posting lists of one keyword or text field. */
export class TermField {
  /** A term of one document, as ids are, has no set of its own but the slot. */
  private readonly postings = new Map<string, SlotSet | number>();
  private readonly order = new SortedList<string>((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  /** Documents with any term. */
  readonly present = new SlotSet();

  get isEmpty(): boolean {
    return this.present.size === 0;
  }

  /** Changes the document's terms from the one list to the other; either may name a term twice. */
  replace(slot: number, before: readonly string[], after: readonly string[]): void {
    for (const term of missing(before, after)) this.remove(term, slot);
    for (const term of missing(after, before)) this.add(term, slot);
    if (after.length > 0) this.present.add(slot);
    else this.present.remove(slot);
  }

  /** How many documents have the term. */
  count(term: string): number {
    const found = this.postings.get(term);
    return found === undefined ? 0 : typeof found === 'number' ? 1 : found.size;
  }

  addTo(target: Bits, scope: Bits, term: string): void {
    const found = this.postings.get(term);
    if (typeof found === 'number') addSlot(target, scope, found);
    else found?.addTo(target, scope);
  }

  addAnyTo(target: Bits, scope: Bits, set: TermSet, budget: Budget): void {
    const from = this.order.find((term) => (term < set.from ? -1 : 0));
    this.order.forward(from, (term) => {
      if (!term.startsWith(set.prefix) || (set.to !== null && term > set.to)) return false;
      budget.spend(1);
      if (set.has(term, budget)) this.addTo(target, scope, term);
      return true;
    });
  }

  private add(term: string, slot: number): void {
    const found = this.postings.get(term);
    if (found === undefined) {
      this.postings.set(term, slot);
      this.order.insert(term);
    } else if (typeof found !== 'number') {
      found.add(slot);
    } else if (found !== slot) {
      const set = new SlotSet();
      set.add(found);
      set.add(slot);
      this.postings.set(term, set);
    }
  }

  private remove(term: string, slot: number): void {
    const found = this.postings.get(term);
    if (typeof found === 'object') {
      found.remove(slot);
      if (found.size > 0) return;
    } else if (found !== slot) return;
    this.postings.delete(term);
    this.order.remove(term);
  }
}

/** Those of the one list that the other has not; a set pays for long texts alone. */
function missing(list: readonly string[], other: readonly string[]): readonly string[] {
  if (other.length === 0) return list;
  if (other.length <= 8) return list.filter((term) => !other.includes(term));
  const known = new Set(other);
  return list.filter((term) => !known.has(term));
}

function addSlot(target: Bits, scope: Bits, slot: number): void {
  const word = slot >>> 5;
  target[word] = (target[word] ?? 0) | ((scope[word] ?? 0) & (1 << (slot & 31)));
}
