import { normalize, words } from '../analysis';
import { limits } from '../limits';
import { type FieldKind, type IndexSchema, QueryError } from '../port';
import type { BooleanNode, QueryNode, RangeBound, RangeNode, WildcardPart } from '../query/ast';
import { fuzzyTerms } from '../terms/fuzzy';
import { regexTerms } from '../terms/regex/automaton';
import { prefixTerms, rangeTerms } from '../terms/term-set';
import { wildcardTerms } from '../terms/wildcard';
import { readDate } from './dates';
import { fieldKind } from './fields';
import { type ReadInterval, readInteger } from './numbers';
import type { Plan, PlanNode } from './plan';

/**
 * Gives a query the meaning it has for an index.
 * @throws QueryError QUERY_VALUE with the field where it can't hold the value or be searched so, QUERY_SYNTAX and
 * QUERY_TOO_COSTLY for regular expressions and fuzzy terms
 */
export function planQuery(node: QueryNode, schema: IndexSchema): Plan {
  const unknown = new Set<string>();
  const root = new Planner(schema, unknown).plan(node);
  return { root, unknownFields: [...unknown] };
}

const none: PlanNode = { kind: 'none' };
/** Field that names a field: `_exists_:display_name` is `display_name:*`. */
const existsField = '_exists_';
const numeric = {
  integer: { read: readInteger, holds: 'whole numbers' },
  date: { read: readDate, holds: 'times: epoch milliseconds or ISO 8601' },
} as const satisfies Partial<Record<FieldKind, { read: ReadInterval; holds: string }>>;

type FieldNode = Exclude<QueryNode, { kind: 'all' | 'boolean' }>;

class Planner {
  constructor(
    private readonly schema: IndexSchema,
    private readonly unknown: Set<string>,
  ) {}

  plan(node: QueryNode): PlanNode {
    if (node.kind === 'all') return { kind: 'all' };
    return node.kind === 'boolean' ? this.boolean(node) : this.leaf(node);
  }

  private boolean({ clauses }: BooleanNode): PlanNode {
    const planned = clauses.map(({ occur, node }) => ({ occur, node: this.plan(node) }));
    const of = (occur: string) => planned.filter((clause) => clause.occur === occur).map((clause) => clause.node);
    const [must, should, mustNot] = [of('must'), of('should'), of('mustNot')];
    if (planned.length === 0) return none;
    // Optional clauses beside required ones only ever changed the rank.
    const wanted = must.length > 0 ? must : should.length > 0 ? [either(should)] : [];
    const unwanted = mustNot.map((child): PlanNode => ({ kind: 'not', child }));
    return both([...wanted, ...unwanted]);
  }

  private leaf(node: FieldNode): PlanNode {
    const field = node.field ?? this.schema.defaultField;
    if (field === existsField) return this.exists(node);
    const kind = fieldKind(this.schema, field);
    if (kind === undefined) {
      this.unknown.add(field);
      return none;
    }
    if (isEverything(node)) return { kind: 'exists', field };
    if (kind === 'integer' || kind === 'date') return numbers(node, field, kind);
    return terms(node, field, kind);
  }

  private exists(node: FieldNode): PlanNode {
    if (node.kind !== 'term' && node.kind !== 'phrase') {
      throw new QueryError('QUERY_VALUE', `${existsField} takes the name of a field`, {
        at: node.at,
        field: existsField,
      });
    }
    const known = fieldKind(this.schema, node.text) !== undefined;
    if (!known) this.unknown.add(node.text);
    return known ? { kind: 'exists', field: node.text } : none;
  }
}

function either(children: readonly PlanNode[]): PlanNode {
  return children.length === 1 && children[0] ? children[0] : { kind: 'or', children };
}

function both(children: readonly PlanNode[]): PlanNode {
  return children.length === 1 && children[0] ? children[0] : { kind: 'and', children };
}

/** Whatever the field has: `f:*`, `f:[* TO *]`. */
function isEverything(node: FieldNode): boolean {
  if (node.kind === 'range') return node.from === null && node.to === null;
  return node.kind === 'wildcard' && node.parts.every((part) => typeof part === 'object' && part.any === 'many');
}

function terms(node: FieldNode, field: string, kind: 'keyword' | 'text'): PlanNode {
  switch (node.kind) {
    case 'term':
      // Words in one term, joined by escaped white space, are any of them: only quotes make a phrase.
      if (kind === 'text') return either(words(node.text).map((term) => ({ kind: 'term', field, term })));
      return { kind: 'term', field, term: normalize(node.text) };
    case 'phrase':
      return kind === 'text'
        ? phrase(field, words(node.text), node.slop)
        : { kind: 'term', field, term: normalize(node.text) };
    case 'prefix':
      return { kind: 'terms', field, set: prefixTerms(normalize(node.text)) };
    case 'wildcard':
      return { kind: 'terms', field, set: wildcardTerms(node.parts.map(normalizePart)) };
    case 'fuzzy':
      return fuzzy(field, normalize(node.text), node.edits, node.at);
    case 'regex':
      return { kind: 'terms', field, set: regexTerms(node.pattern, node.at + 1) };
    case 'range':
      return { kind: 'terms', field, set: rangeTerms(normalizeBound(node.from), normalizeBound(node.to)) };
  }
}

function phrase(field: string, sought: readonly string[], slop: number): PlanNode {
  const [first] = sought;
  if (first === undefined) return none;
  return sought.length === 1 ? { kind: 'term', field, term: first } : { kind: 'phrase', field, words: sought, slop };
}

function fuzzy(field: string, text: string, edits: number, at: number): PlanNode {
  if (text.length > limits.fuzzyCharsMax) {
    throw new QueryError('QUERY_TOO_COSTLY', `a fuzzy term may have ${limits.fuzzyCharsMax} characters`, { at, field });
  }
  return edits === 0 ? { kind: 'term', field, term: text } : { kind: 'terms', field, set: fuzzyTerms(text, edits) };
}

function normalizePart(part: WildcardPart): WildcardPart {
  return typeof part === 'string' ? normalize(part) : part;
}

function normalizeBound(bound: RangeBound | null): RangeBound | null {
  return bound && { text: normalize(bound.text), inclusive: bound.inclusive };
}

function numbers(node: FieldNode, field: string, kind: 'integer' | 'date'): PlanNode {
  if (node.kind === 'range') return numberRange(node, field, kind);
  if (node.kind !== 'term' && node.kind !== 'phrase') {
    throw new QueryError('QUERY_VALUE', `${field} holds ${numeric[kind].holds}: give one, or a range`, {
      at: node.at,
      field,
    });
  }
  return { kind: 'numbers', field, ...readValue(node.text, node.at, field, kind) };
}

function numberRange({ from, to, at }: RangeNode, field: string, kind: 'integer' | 'date'): PlanNode {
  const lower = from && readValue(from.text, at, field, kind);
  const upper = to && readValue(to.text, at, field, kind);
  const min = !lower ? Number.NEGATIVE_INFINITY : from?.inclusive ? lower.min : lower.max + 1;
  const max = !upper ? Number.POSITIVE_INFINITY : to?.inclusive ? upper.max : upper.min - 1;
  return { kind: 'numbers', field, min, max };
}

function readValue(text: string, at: number, field: string, kind: 'integer' | 'date') {
  const value = numeric[kind].read(text.trim());
  if (value) return value;
  const found = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  throw new QueryError('QUERY_VALUE', `${field} holds ${numeric[kind].holds}; "${found}" is none`, { at, field });
}
