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

/** Texts of more words take a set to look a term up. */
const wordsMax = 32;

/**
 * Posting lists of one keyword or text field. Terms have numbers, used again when a term is gone. Each document's are
 * kept, so that its text need not be taken apart and looked up again to be replaced.
 */
export class TermField {
  private readonly ids = new Map<string, number>();
  /** By id. */
  private readonly terms: string[] = [];
  private readonly postings: (Posting | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly order = new TermOrder();
  /** By slot: the id of its term, where it has one, or of each of its words. */
  private readonly termsAt: (number | readonly number[] | undefined)[] = [];
  /** Documents with any term. */
  readonly present = new SlotSet();

  constructor(readonly kind: 'keyword' | 'text') {}

  get isEmpty(): boolean {
    return this.present.size === 0;
  }

  /** Gives the document these terms in place of those it had; one may be named twice. */
  replace(slot: number, terms: readonly string[]): void {
    const before = this.termsAt[slot];
    const after = terms.length > 1 ? this.addAll(slot, terms, before) : this.addOnly(slot, terms[0], before);
    if (before === undefined && after === undefined) return;
    this.termsAt[slot] = after;
    if (before === undefined) this.present.add(slot);
    else {
      if (after === undefined) this.present.remove(slot);
      this.removeMissing(slot, before, after);
    }
  }

  /** How many documents have the term. */
  count(term: string): number {
    const posting = this.posting(term);
    if (posting === undefined) return 0;
    if (typeof posting === 'number') return 1;
    return posting instanceof SlotSet ? posting.size : posting.length;
  }

  addTo(target: Bits, scope: Bits, term: string, budget: Budget): void {
    const posting = this.posting(term);
    if (posting !== undefined) addPosting(posting, target, scope, budget);
  }

  addAnyTo(target: Bits, scope: Bits, set: TermSet, budget: Budget): void {
    if (set.from === '' && set.prefix === '' && set.to === null) {
      budget.spend(this.terms.length);
      for (let id = 0; id < this.terms.length; id++) {
        const posting = this.postings[id];
        if (posting !== undefined && set.has(this.terms[id] ?? '', budget)) addPosting(posting, target, scope, budget);
      }
      return;
    }
    this.order.visit(set, budget, (term) => {
      budget.spend(1);
      if (set.has(term, budget)) this.addTo(target, scope, term, budget);
    });
  }

  private posting(term: string): Posting | undefined {
    const id = this.ids.get(term);
    return id === undefined ? undefined : this.postings[id];
  }

  private addAll(slot: number, terms: readonly string[], before: number | readonly number[] | undefined) {
    const known = lookup(before);
    // Made at its length: one that grows takes up to three times the memory.
    const after = new Array<number>(terms.length);
    for (let i = 0; i < terms.length; i++) after[i] = this.add(terms[i] ?? '', slot, known);
    return after;
  }

  private addOnly(slot: number, term: string | undefined, before: number | readonly number[] | undefined) {
    return term === undefined ? undefined : this.add(term, slot, lookup(before));
  }

  /** Gives the term's id. */
  private add(term: string, slot: number, before: Lookup): number {
    const id = this.ids.get(term);
    if (id === undefined) return this.begin(term, slot);
    if (holds(before, id)) return id;
    const posting = this.postings[id];
    if (posting instanceof SlotSet) posting.add(slot);
    else if (typeof posting === 'number') {
      if (posting !== slot) this.postings[id] = [posting, slot];
    } else if (posting && !posting.includes(slot)) {
      if (posting.length < listMax) posting.push(slot);
      else this.postings[id] = setOf(posting, slot);
    }
    return id;
  }

  private begin(term: string, slot: number): number {
    const id = this.free.pop() ?? this.terms.length;
    this.ids.set(term, id);
    this.terms[id] = term;
    this.postings[id] = slot;
    this.order.add(term);
    if (this.order.length > 2 * this.ids.size + lostTermsMax) this.order.rebuild(this.ids.keys());
    return id;
  }

  private removeMissing(
    slot: number,
    before: number | readonly number[],
    after: number | readonly number[] | undefined,
  ) {
    const kept = lookup(after);
    if (typeof before === 'number') {
      if (!holds(kept, before)) this.remove(before, slot);
    } else {
      for (let i = 0; i < before.length; i++) {
        const id = before[i] ?? 0;
        if (!holds(kept, id)) this.remove(id, slot);
      }
    }
  }

  /** Does nothing where the document has not the term. */
  private remove(id: number, slot: number): void {
    const posting = this.postings[id];
    if (posting instanceof SlotSet) {
      posting.remove(slot);
      if (posting.size === 0) this.end(id);
    } else if (typeof posting === 'number') {
      if (posting === slot) this.end(id);
    } else if (posting) {
      const at = posting.indexOf(slot);
      if (at < 0) return;
      const last = posting.pop();
      if (at < posting.length && last !== undefined) posting[at] = last;
      if (posting.length === 0) this.end(id);
    }
  }

  private end(id: number): void {
    this.ids.delete(this.terms[id] ?? '');
    this.terms[id] = '';
    this.postings[id] = undefined;
    this.free.push(id);
  }
}

type Lookup = number | readonly number[] | ReadonlySet<number> | undefined;

function lookup(ids: number | readonly number[] | undefined): Lookup {
  return typeof ids === 'object' && ids.length > wordsMax ? new Set(ids) : ids;
}

function holds(ids: Lookup, id: number): boolean {
  if (typeof ids !== 'object') return ids === id;
  return ids instanceof Set ? ids.has(id) : (ids as readonly number[]).includes(id); // the other object it may be
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
