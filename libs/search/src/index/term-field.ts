import type { Budget } from '../limits';
import type { TermSet } from '../terms/term-set';
import type { Bits } from './bits';
import { SlotSet } from './slot-set';
import { TermOrder } from './term-order';

/** Documents with a term: one slot alone, as for ids; a few, in no order; many. */
type Posting = number | number[] | SlotSet;

/** Searching a list of more takes longer than a set. */
const listMax = 16;
/** Terms that the order holds beyond twice those there are, before it is rebuilt. */
const lostTermsMax = 1_024;
/** What taking up one posting list costs beside its slots, in steps of a Budget: a miss in every cache. */
const stepsPerPosting = 24;

/** Posting lists of one keyword or text field. */
export class TermField {
  private readonly postings = new Map<string, Posting>();
  private readonly order = new TermOrder();
  /** Documents with any term. */
  readonly present = new SlotSet();

  constructor(readonly kind: 'keyword' | 'text') {}

  get isEmpty(): boolean {
    return this.present.size === 0;
  }

  /** Changes the document's terms from the one list to the other; either may name a term twice. */
  replace(slot: number, before: readonly string[], after: readonly string[]): void {
    for (let i = 0; i < after.length; i++) this.add(after[i] ?? '', slot);
    if (before.length > 0) this.removeMissing(slot, before, after);
    if (before.length === 0 || after.length === 0) {
      if (after.length > 0) this.present.add(slot);
      else this.present.remove(slot);
    }
  }

  /** How many documents have the term. */
  count(term: string): number {
    const posting = this.postings.get(term);
    if (posting === undefined) return 0;
    if (typeof posting === 'number') return 1;
    return posting instanceof SlotSet ? posting.size : posting.length;
  }

  addTo(target: Bits, scope: Bits, term: string, budget: Budget): void {
    const posting = this.postings.get(term);
    if (posting !== undefined) addPosting(posting, target, scope, budget);
  }

  addAnyTo(target: Bits, scope: Bits, set: TermSet, budget: Budget): void {
    if (set.from === '' && set.prefix === '' && set.to === null) {
      for (const [term, posting] of this.postings) {
        budget.spend(1);
        if (set.has(term, budget)) addPosting(posting, target, scope, budget);
      }
      return;
    }
    this.order.visit(set, budget, (term) => {
      budget.spend(1);
      if (!set.has(term, budget)) return;
      const posting = this.postings.get(term);
      if (posting !== undefined) addPosting(posting, target, scope, budget);
    });
  }

  private add(term: string, slot: number): void {
    const posting = this.postings.get(term);
    if (posting === undefined) {
      this.postings.set(term, slot);
      this.order.add(term);
      if (this.order.length > 2 * this.postings.size + lostTermsMax) this.order.rebuild(this.postings.keys());
    } else if (typeof posting === 'number') {
      if (posting !== slot) this.postings.set(term, [posting, slot]);
    } else if (posting instanceof SlotSet) posting.add(slot);
    else if (!posting.includes(slot)) {
      if (posting.length < listMax) posting.push(slot);
      else this.postings.set(term, setOf(posting, slot));
    }
  }

  private removeMissing(slot: number, before: readonly string[], after: readonly string[]): void {
    // A set pays for long texts alone.
    const kept = after.length > 24 ? new Set(after) : undefined;
    for (let i = 0; i < before.length; i++) {
      const term = before[i] ?? '';
      if (!(kept ? kept.has(term) : after.includes(term))) this.remove(term, slot);
    }
  }

  private remove(term: string, slot: number): void {
    const posting = this.postings.get(term);
    if (posting === undefined) return;
    if (typeof posting === 'number') {
      if (posting === slot) this.postings.delete(term);
    } else if (posting instanceof SlotSet) {
      posting.remove(slot);
      if (posting.size === 0) this.postings.delete(term);
    } else {
      const at = posting.indexOf(slot);
      if (at < 0) return;
      const last = posting.pop();
      if (at < posting.length && last !== undefined) posting[at] = last;
      if (posting.length === 0) this.postings.delete(term);
    }
  }
}

function setOf(slots: readonly number[], another: number): SlotSet {
  const set = new SlotSet();
  for (const slot of slots) set.add(slot);
  set.add(another);
  return set;
}

function addPosting(posting: Posting, target: Bits, scope: Bits, budget: Budget): void {
  if (typeof posting === 'number') {
    budget.spend(stepsPerPosting);
    addSlot(posting, target, scope);
  } else if (posting instanceof SlotSet) {
    // A bitmap takes 32 slots a step.
    budget.spend(stepsPerPosting + Math.min(posting.size, scope.length));
    posting.addTo(target, scope);
  } else {
    budget.spend(stepsPerPosting + posting.length);
    for (let i = 0; i < posting.length; i++) addSlot(posting[i] ?? 0, target, scope);
  }
}

function addSlot(slot: number, target: Bits, scope: Bits): void {
  const word = slot >>> 5;
  target[word] = (target[word] ?? 0) | ((scope[word] ?? 0) & (1 << (slot & 31)));
}
