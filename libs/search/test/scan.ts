import type { IndexDocument, QueryNode } from '../src';
import { schema } from './fixtures';

/** The slow twin of the index: what a query means for one document, in the plainest words there are. */
export function scan(documents: Iterable<IndexDocument>, query: QueryNode): readonly IndexDocument[] {
  return [...documents]
    .filter((document) => matches(document, query))
    .sort((a, b) => b.sortKey - a.sortKey || (a.id < b.id ? -1 : 1));
}

type Leaf = Exclude<QueryNode, { kind: 'all' | 'boolean' }>;

function matches(document: IndexDocument, node: QueryNode): boolean {
  if (node.kind === 'all') return true;
  if (node.kind === 'boolean') {
    const of = (occur: string) => node.clauses.filter((clause) => clause.occur === occur).map((clause) => clause.node);
    const test = (child: QueryNode) => matches(document, child);
    if (node.clauses.length === 0 || of('mustNot').some(test)) return false;
    if (of('must').length > 0) return of('must').every(test);
    return of('should').length === 0 || of('should').some(test);
  }
  return matchesLeaf(document, node);
}

function matchesLeaf({ fields }: IndexDocument, node: Leaf): boolean {
  const name = node.field ?? schema.defaultField;
  if (name === '_exists_')
    return (
      fields['text' in node ? node.text : ''] !== undefined &&
      termsOf(fields, 'text' in node ? node.text : '').length > 0
    );
  const kind = schema.fields[name];
  const value = fields[name];
  if (kind === 'integer' || kind === 'date') return typeof value === 'number' && matchesNumber(value, node);
  const terms = termsOf(fields, name);
  switch (node.kind) {
    case 'term':
      return terms.includes(node.text.toLowerCase());
    case 'phrase':
      return hasPhrase(
        terms,
        kind === 'keyword' ? [node.text.toLowerCase()] : node.text.toLowerCase().split(/ +/),
        node.slop,
      );
    case 'prefix':
      return terms.some((term) => term.startsWith(node.text.toLowerCase()));
    case 'wildcard':
      return terms.some((term) => wildcard(node.parts).test(term));
    case 'fuzzy':
      return terms.some((term) => distance([...term], [...node.text.toLowerCase()]) <= node.edits);
    case 'regex':
      return terms.some((term) => new RegExp(`^(?:${node.pattern.replaceAll('@', '.*')})$`, 'u').test(term));
    case 'range':
      return terms.some(
        (term) =>
          (node.from === null || below(node.from.text.toLowerCase(), term, node.from.inclusive)) &&
          (node.to === null || below(term, node.to.text.toLowerCase(), node.to.inclusive)),
      );
  }
}

function termsOf(fields: IndexDocument['fields'], name: string): readonly string[] {
  const value = fields[name];
  if (value === undefined) return [];
  const texts = typeof value === 'object' ? value : [String(value)];
  if (schema.fields[name] && schema.fields[name] !== 'text') return texts.map((text) => text.toLowerCase());
  return texts.flatMap((text) => text.toLowerCase().split(/ +/)).filter((term) => term !== '');
}

function below<T extends string | number>(low: T, high: T, inclusive: boolean): boolean {
  return inclusive ? low <= high : low < high;
}

function matchesNumber(value: number, node: Leaf): boolean {
  if (node.kind === 'wildcard') return true;
  if (node.kind === 'range') {
    const from = node.from && span(node.from.text);
    const to = node.to && span(node.to.text);
    const fits = (end: { inclusive: boolean }, inclusive: boolean, exclusive: boolean) =>
      end.inclusive ? inclusive : exclusive;
    return (
      (!node.from || !from || fits(node.from, value >= from[0], value >= from[1])) &&
      (!node.to || !to || fits(node.to, value < to[1], value < to[0]))
    );
  }
  const [from, to] = span('text' in node ? node.text : '');
  return value >= from && value < to;
}

/** Begin and end of what a number or a date stands for. */
function span(text: string): readonly [number, number] {
  if (/^-?\d+$/.test(text)) return [Number(text), Number(text) + 1];
  const from = Date.parse(/T\d\d$/.test(text) ? `${text}:00Z` : text);
  const hourMs = 3_600_000;
  const lengths: Readonly<Record<number, number>> = { 7: 31 * 24 * hourMs, 10: 24 * hourMs, 13: hourMs, 20: 1000 };
  return [from, from + (lengths[text.length] ?? 1)];
}

function wildcard(parts: Extract<QueryNode, { kind: 'wildcard' }>['parts']): RegExp {
  const source = parts.map((part) =>
    typeof part === 'string'
      ? part.toLowerCase().replace(/[^\p{L}\p{N}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
      : part.any === 'one'
        ? '.'
        : '.*',
  );
  return new RegExp(`^${source.join('')}$`, 'u');
}

function distance(a: readonly string[], b: readonly string[]): number {
  const table = a.concat('').map(() => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number) => table[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      const options = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) options.push(at(i - 2, j - 2) + 1);
      const row = table[i];
      if (row) row[j] = i === 0 && j === 0 ? 0 : Math.min(...options);
    }
  }
  return at(a.length, b.length);
}

/** Tries every way to give each word of the phrase a place of its own. */
function hasPhrase(
  terms: readonly string[],
  phrase: readonly string[],
  slop: number,
  moves: readonly number[] = [],
  used: readonly number[] = [],
): boolean {
  if (moves.length > 0 && Math.max(...moves) - Math.min(...moves) > slop) return false;
  const next = phrase[moves.length];
  if (next === undefined) return true;
  return terms.some(
    (term, place) =>
      term === next &&
      !used.includes(place) &&
      hasPhrase(terms, phrase, slop, [...moves, place - moves.length], [...used, place]),
  );
}
