import type { Budget } from '../limits';
import type { TermSet } from '../terms/term-set';
import type { Bits } from './bits';
import { SlotSet } from './slot-set';
import { SortedList } from './sorted-list';

/** Documents with a term; where it is but one, as for ids, the slot alone. */
interface Posting {
  readonly term: string;
  slots: SlotSet | number;
}

/** What taking up one posting list costs beside its slots, in steps of a Budget: a miss in every cache. */
const stepsPerPosting = 24;

/** Posting lists of one keyword or text field. */
export class TermField {
  private readonly postings = new Map<string, Posting>();
  private readonly order = new SortedList<Posting>((a, b) => (a.term < b.term ? -1 : a.term > b.term ? 1 : 0));
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
    const slots = this.postings.get(term)?.slots;
    return slots === undefined ? 0 : typeof slots === 'number' ? 1 : slots.size;
  }

  addTo(target: Bits, scope: Bits, term: string, budget: Budget): void {
    const posting = this.postings.get(term);
    if (posting) addPosting(posting, target, scope, budget);
  }

  addAnyTo(target: Bits, scope: Bits, set: TermSet, budget: Budget): void {
    const from = this.order.find(({ term }) => (term < set.from ? -1 : 0));
    this.order.forward(from, (posting) => {
      const { term } = posting;
      if (!term.startsWith(set.prefix) || (set.to !== null && term > set.to)) return false;
      budget.spend(1);
      if (set.has(term, budget)) addPosting(posting, target, scope, budget);
      return true;
    });
  }

  private add(term: string, slot: number): void {
    const posting = this.postings.get(term);
    if (!posting) {
      const added: Posting = { term, slots: slot };
      this.postings.set(term, added);
      this.order.insert(added);
    } else if (typeof posting.slots === 'object') {
      posting.slots.add(slot);
    } else if (posting.slots !== slot) {
      const set = new SlotSet();
      set.add(posting.slots);
      set.add(slot);
      posting.slots = set;
    }
  }

  private remove(term: string, slot: number): void {
    const posting = this.postings.get(term);
    if (!posting) return;
    if (typeof posting.slots === 'object') {
      posting.slots.remove(slot);
      if (posting.slots.size > 0) return;
    } else if (posting.slots !== slot) return;
    this.postings.delete(term);
    this.order.remove(posting);
  }
}

function addPosting({ slots }: Posting, target: Bits, scope: Bits, budget: Budget): void {
  if (typeof slots === 'number') {
    budget.spend(stepsPerPosting);
    const word = slots >>> 5;
    target[word] = (target[word] ?? 0) | ((scope[word] ?? 0) & (1 << (slots & 31)));
  } else {
    // A bitmap takes 32 slots a step.
    budget.spend(stepsPerPosting + Math.min(slots.size, scope.length));
    slots.addTo(target, scope);
  }
}

/** Those of the one list that the other has not; a set pays for long texts alone. */
function missing(list: readonly string[], other: readonly string[]): readonly string[] {
  if (other.length === 0) return list;
  if (other.length <= 8) return list.filter((term) => !other.includes(term));
  const known = new Set(other);
  return list.filter((term) => !known.has(term));
}
