import type { QueryNode, RangeBound, RangeNode } from './ast';

/** Writes a query's tree out in one line, for tests and for whoever asks why a query finds what it finds. `_` is the default field. */
export function printQuery(node: QueryNode): string {
  return node.kind === 'boolean' ? printClauses(node.clauses) : printNode(node);
}

const signs = { must: '+', should: '', mustNot: '-' } as const;

function printClauses(clauses: Extract<QueryNode, { kind: 'boolean' }>['clauses']): string {
  if (clauses.length === 0) return 'nothing';
  return clauses.map(({ occur, node }) => `${signs[occur]}${printNode(node)}`).join(' ');
}

function printNode(node: QueryNode): string {
  if (node.kind === 'boolean') return `(${printClauses(node.clauses)})`;
  if (node.kind === 'all') return '*:*';
  const field = node.field ?? '_';
  switch (node.kind) {
    case 'term':
      return node.field === null ? printText(node.text) : `${field}:${printText(node.text)}`;
    case 'phrase':
      return `phrase(${field}, ${JSON.stringify(node.text)}${node.slop > 0 ? `, slop ${node.slop}` : ''})`;
    case 'prefix':
      return `prefix(${field}, ${JSON.stringify(node.text)})`;
    case 'wildcard':
      return `wildcard(${field}, ${node.parts.map((part) => (typeof part === 'string' ? JSON.stringify(part) : part.any)).join(' ')})`;
    case 'fuzzy':
      return `fuzzy(${field}, ${JSON.stringify(node.text)}, ${node.edits})`;
    case 'regex':
      return `regex(${field}, ${node.pattern})`;
    case 'range':
      return printRange(field, node);
  }
}

function printRange(field: string, { from, to }: RangeNode): string {
  const bound = (
    end: RangeBound | null,
    open: string,
    closed: string,
    write: (text: string, sign: string) => string,
  ) => (end === null ? '' : write(printText(end.text), end.inclusive ? closed : open));
  const lower = bound(from, '<', '<=', (text, sign) => `${text} ${sign} `);
  const upper = bound(to, '<', '<=', (text, sign) => ` ${sign} ${text}`);
  return lower || upper ? `(${lower}${field}${upper})` : `range(${field}, all)`;
}

/** Quoted where it could be taken for something else. */
function printText(text: string): string {
  return /^[\p{L}\p{N}_.@'>-]+$/u.test(text) ? text : JSON.stringify(text);
}
