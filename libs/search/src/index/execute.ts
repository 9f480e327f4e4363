import type { Budget } from '../limits';
import type { PlanNode } from '../plan/plan';
import { type Bits, forEachBit, isEmpty, setBit, without } from './bits';
import type { NumberColumn } from './number-column';
import { hasPhrase } from './phrase';
import type { TermField } from './term-field';

/** What running a plan needs of an index. */
export interface IndexReader {
  /** Count of documents, for estimates. */
  readonly size: number;
  /** Undefined where no document has the field. */
  termField(name: string): TermField | undefined;
  column(name: string): NumberColumn | undefined;
  /** The words of a document's text field, in order. */
  wordsOf(slot: number, field: string): readonly string[];
}

/** What comparing the numbers of 32 documents costs, in steps of a Budget. */
const stepsPerColumnWord = 8;

/**
 * The documents of the scope that the plan matches. A conjunction narrows the scope from child to child, cheapest first, so that
 * columns and phrases are looked at only for what is left.
 */
export function execute(node: PlanNode, index: IndexReader, scope: Bits, budget: Budget): Bits {
  switch (node.kind) {
    case 'all':
      return scope;
    case 'not':
      return without(scope, execute(node.child, index, scope, budget));
    case 'and':
      return conjunction(node.children, index, scope, budget);
    case 'phrase':
      return phrase(node, index, scope, budget);
    default: {
      const found = new Uint32Array(scope.length);
      addTo(found, node, index, scope, budget);
      return found;
    }
  }
}

/** Adds what the plan matches to `found`; a disjunction needs no bits for each child so. */
function addTo(found: Bits, node: PlanNode, index: IndexReader, scope: Bits, budget: Budget): void {
  switch (node.kind) {
    case 'none':
      return;
    case 'term':
      index.termField(node.field)?.addTo(found, scope, node.term, budget);
      return;
    case 'terms':
      index.termField(node.field)?.addAnyTo(found, scope, node.set, budget);
      return;
    case 'exists':
      index.termField(node.field)?.present.addTo(found, scope);
      index.column(node.field)?.addBetween(found, scope, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
      return;
    case 'numbers':
      budget.spend(scope.length * stepsPerColumnWord);
      index.column(node.field)?.addBetween(found, scope, node.min, node.max);
      return;
    case 'or':
      for (const child of node.children) addTo(found, child, index, scope, budget);
      return;
    default: {
      budget.spend(scope.length);
      const others = execute(node, index, scope, budget);
      for (let i = 0; i < found.length; i++) found[i] = (found[i] ?? 0) | (others[i] ?? 0);
    }
  }
}

function conjunction(children: readonly PlanNode[], index: IndexReader, scope: Bits, budget: Budget): Bits {
  const cheapestFirst = children
    .map((child) => ({ child, cost: costOf(child, index) }))
    .sort((a, b) => a.cost - b.cost);
  let left = scope;
  for (const { child } of cheapestFirst) {
    budget.spend(left.length >> 2);
    if (isEmpty(left)) return left;
    left = execute(child, index, left, budget);
  }
  return left;
}

function phrase(node: Extract<PlanNode, { kind: 'phrase' }>, index: IndexReader, scope: Bits, budget: Budget): Bits {
  const { field, words, slop } = node;
  const terms = [...new Set(words)].map((term): PlanNode => ({ kind: 'term', field, term }));
  const candidates = conjunction(terms, index, scope, budget);
  const found = new Uint32Array(scope.length);
  forEachBit(candidates, (slot) => {
    if (hasPhrase(index.wordsOf(slot, field), words, slop, budget)) setBit(found, slot);
  });
  return found;
}

/** Rough count of steps; only the order of children depends on it. */
function costOf(node: PlanNode, index: IndexReader): number {
  switch (node.kind) {
    case 'all':
    case 'none':
      return 0;
    case 'term':
      return index.termField(node.field)?.count(node.term) ?? 0;
    case 'exists':
      return index.size / 4;
    case 'numbers':
      return index.size;
    case 'phrase':
      return 20 * Math.min(...node.words.map((term) => index.termField(node.field)?.count(term) ?? 0));
    case 'terms':
      return 8 * index.size;
    case 'and':
      return node.children.reduce((least, child) => Math.min(least, costOf(child, index)), Number.POSITIVE_INFINITY);
    case 'or':
      return node.children.reduce((sum, child) => sum + costOf(child, index), 0);
    case 'not':
      return index.size / 4 + costOf(node.child, index);
  }
}
