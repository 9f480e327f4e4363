import { words } from '../analysis';
import { limits } from '../limits';
import { QueryError } from '../port';
import type { Occur, QueryNode, WildcardPart } from './ast';
import { readEscape, withoutEscapes } from './escape';
import { syntaxError } from './syntax-error';
import { describe, type Token, type TokenKind, tokenize } from './tokenizer';

/**
 * Parses Lucene's classic query syntax (8.7, default operator OR):
 *
 *     query   := clause (conj? clause)*          conj := AND | && | OR | ||
 *     clause  := modifier? (name ":" | "*:")? (term | "(" query ")" boost?)     modifier := + | - | NOT | !
 *     term    := (word | prefix* | wild?card | /regex/) fuzzy? boost? | "phrase" slop? boost? | range boost?
 *     range   := ("[" | "{") bound TO bound ("]" | "}")
 *
 * AND makes both its neighbours required and there is no precedence: `a OR b AND c` is `a +b +c`. Phrases without a word are
 * dropped. Boosts have no effect.
 * @throws QueryError QUERY_SYNTAX with the 0-based character, QUERY_TOO_COSTLY over the limits of length, clauses, nesting
 */
export function parseQuery(text: string): QueryNode {
  if (text.length > limits.queryCharsMax) {
    throw new QueryError('QUERY_TOO_COSTLY', `a query may have ${limits.queryCharsMax} characters`);
  }
  return new Parser(tokenize(text)).parse();
}

const nothing: QueryNode = { kind: 'boolean', clauses: [] };
const conjunctions: readonly TokenKind[] = ['and', 'or'];
const modifiers: readonly TokenKind[] = ['plus', 'minus', 'not'];
/** No clause begins with these. */
const ends: readonly TokenKind[] = ['end', 'close', 'colon', 'caret', 'tilde'];

class Parser {
  private position = 0;
  private clauses = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  parse(): QueryNode {
    const node = this.query(null);
    if (this.peek().kind !== 'end') throw this.unexpected('a term, an operator or the end');
    return node ?? nothing;
  }

  /** Null where all clauses were dropped. */
  private query(field: string | null): QueryNode | null {
    const clauses: { occur: Occur; node: QueryNode }[] = [];
    let plain = false;
    let first = true;
    do {
      const conjunction = first ? undefined : this.take(conjunctions)?.kind;
      const modifier = this.take(modifiers)?.kind;
      const node = this.clause(field);
      const last = clauses.at(-1);
      if (conjunction === 'and' && last?.occur === 'should') last.occur = 'must';
      if (node) {
        const prohibited = modifier === 'minus' || modifier === 'not';
        const required = modifier === 'plus' || conjunction === 'and';
        clauses.push({ occur: prohibited ? 'mustNot' : required ? 'must' : 'should', node });
      }
      if (first) plain = modifier === undefined;
      first = false;
    } while (!ends.includes(this.peek().kind));
    if (plain && clauses.length === 1) return clauses[0]?.node ?? null;
    return clauses.length > 0 ? { kind: 'boolean', clauses } : null;
  }

  private clause(field: string | null): QueryNode | null {
    if (++this.clauses > limits.clausesMax) {
      throw new QueryError('QUERY_TOO_COSTLY', `a query may have ${limits.clausesMax} clauses`, { at: this.peek().at });
    }
    let name = field;
    const head = this.peek();
    if ((head.kind === 'term' || head.kind === 'star') && this.peek(1).kind === 'colon') {
      name = head.kind === 'star' ? '*' : withoutEscapes(head.image, head.at);
      this.position += 2;
    }
    return this.peek().kind === 'open' ? this.group(name) : this.term(name);
  }

  private group(field: string | null): QueryNode | null {
    const open = this.next();
    if (++this.depth > limits.nestingMax) {
      throw new QueryError('QUERY_TOO_COSTLY', `groups may be nested ${limits.nestingMax} deep`, { at: open.at });
    }
    const node = this.query(field);
    this.expect('close', 'a closing parenthesis');
    this.depth--;
    this.boost();
    return node;
  }

  private term(field: string | null): QueryNode | null {
    const token = this.next();
    const { at } = token;
    switch (token.kind) {
      case 'term':
      case 'bareOperator': {
        const text = withoutEscapes(token.image, at);
        const fuzziness = this.suffixes();
        if (fuzziness === undefined) return { kind: 'term', field, at, text };
        return { kind: 'fuzzy', field, at, text, edits: this.edits(fuzziness, text) };
      }
      case 'star':
        this.suffixes();
        if (field === null || field === '*') return { kind: 'all', at };
        return { kind: 'wildcard', field, at, parts: [{ any: 'many' }] };
      case 'prefix':
        this.suffixes();
        return { kind: 'prefix', field, at, text: withoutEscapes(token.image.slice(0, -1), at) };
      case 'wildcard':
        this.suffixes();
        return { kind: 'wildcard', field, at, parts: wildcardParts(token) };
      case 'regex':
        this.suffixes();
        return { kind: 'regex', field, at, pattern: token.image.slice(1, -1) };
      case 'quoted': {
        const text = withoutEscapes(token.image.slice(1, -1), at + 1);
        const slop = this.suffixes()?.image.slice(1);
        return words(text).length === 0
          ? null
          : { kind: 'phrase', field, at, text, slop: Math.floor(Number(slop || 0)) };
      }
      case 'rangeOpen':
        return this.range(field, token);
      default:
        this.position--;
        throw this.unexpected('a term');
    }
  }

  private range(field: string | null, open: Token): QueryNode {
    const from = this.bound();
    this.expect('rangeTo', 'TO');
    const to = this.bound();
    const close = this.expect('rangeClose', 'a closing ] or }');
    this.boost();
    return {
      kind: 'range',
      field,
      at: open.at,
      from: from === null ? null : { text: from, inclusive: open.image === '[' },
      to: to === null ? null : { text: to, inclusive: close.image === ']' },
    };
  }

  /** Null for an open end. */
  private bound(): string | null {
    const token = this.next();
    if (token.kind === 'rangeQuoted') return withoutEscapes(token.image.slice(1, -1), token.at + 1);
    if (token.kind === 'rangeBound') return token.image === '*' ? null : withoutEscapes(token.image, token.at);
    if (token.kind === 'rangeTo') return token.image;
    this.position--;
    throw this.unexpected('a bound of the range');
  }

  /** Takes `^boost` and `~fuzziness`, in either order; gives the latter. */
  private suffixes(): Token | undefined {
    const boosted = this.boost();
    const fuzziness = this.take(['tilde']);
    if (fuzziness && !boosted) this.boost();
    return fuzziness;
  }

  private boost(): boolean {
    if (!this.take(['caret'])) return false;
    this.expect('number', 'a number after ^');
    return true;
  }

  /** `~`: 2; `~1`: that many; `~0.7`, the similarity of old: the share of the term that may differ. At most 2. */
  private edits(fuzziness: Token, text: string): number {
    const amount = fuzziness.image === '~' ? 2 : Number(fuzziness.image.slice(1));
    if (amount >= 1 && !Number.isInteger(amount)) {
      throw syntaxError(fuzziness.at, describe(fuzziness), 'a whole number of edits');
    }
    if (amount === 0) return 0;
    return Math.min(2, amount >= 1 ? amount : Math.floor((1 - amount) * [...text].length));
  }

  private peek(ahead = 0): Token {
    const token = this.tokens[Math.min(this.position + ahead, this.tokens.length - 1)];
    if (token === undefined) throw new Error('the tokens of a query end with `end`');
    return token;
  }

  private next(): Token {
    const token = this.peek();
    this.position++;
    return token;
  }

  private take(kinds: readonly TokenKind[]): Token | undefined {
    return kinds.includes(this.peek().kind) ? this.next() : undefined;
  }

  private expect(kind: TokenKind, expected: string): Token {
    if (this.peek().kind !== kind) throw this.unexpected(expected);
    return this.next();
  }

  private unexpected(expected: string): QueryError {
    return syntaxError(this.peek().at, describe(this.peek()), expected);
  }
}

function wildcardParts(token: Token): readonly WildcardPart[] {
  const parts: WildcardPart[] = [];
  let text = '';
  for (let i = 0; i < token.image.length; ) {
    const char = token.image[i] ?? '';
    if (char === '\\') {
      const escaped = readEscape(token.image, i, token.at);
      text += escaped.text;
      i += escaped.length;
      continue;
    }
    i++;
    if (char !== '*' && char !== '?') {
      text += char;
      continue;
    }
    if (text) parts.push(text);
    text = '';
    const before = parts.at(-1);
    // Stars in a row mean one.
    if (char === '*' && typeof before === 'object' && before.any === 'many') continue;
    parts.push({ any: char === '*' ? 'many' : 'one' });
  }
  if (text) parts.push(text);
  return parts;
}
