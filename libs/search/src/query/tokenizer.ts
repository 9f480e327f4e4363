import { syntaxError } from './syntax-error';

/**
 * Tokens of Lucene's classic query syntax. The words of a query are read in one of three ways: as a boost after `^`,
 * as a bound inside a range, else as what follows here.
 */
export type TokenKind =
  | 'and'
  | 'or'
  | 'not'
  | 'plus'
  | 'minus'
  /** `+`, `-` or `!` with white space after it: a term of that one character, not an operator. */
  | 'bareOperator'
  | 'open'
  | 'close'
  | 'colon'
  | 'star'
  | 'caret'
  | 'tilde'
  | 'term'
  | 'prefix'
  | 'wildcard'
  | 'quoted'
  | 'regex'
  | 'number'
  | 'rangeOpen'
  | 'rangeTo'
  | 'rangeBound'
  | 'rangeQuoted'
  | 'rangeClose'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written, with quotes, slashes and backslashes. */
  readonly image: string;
  /** 0-based character of the query. */
  readonly at: number;
}

const whiteSpace = new Set([' ', '\t', '\n', '\r', '\u3000']);
/** No word begins with these unless escaped; `+` and `-` may stand inside one. */
const special = new Set([...'+-!():^[]"{}~*?\\/', ...whiteSpace]);
const words: Readonly<Record<string, TokenKind>> = { AND: 'and', '&&': 'and', OR: 'or', '||': 'or', NOT: 'not' };
const single: Readonly<Record<string, TokenKind>> = { '(': 'open', ')': 'close', ':': 'colon' };
const operators: Readonly<Record<string, TokenKind>> = { '+': 'plus', '-': 'minus', '!': 'not' };
const tilde = /~(?:\d+(?:\.\d+)?)?/y;
const number = /\d+(?:\.\d+)?/y;

/** @throws QueryError QUERY_SYNTAX at a character that begins no token */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let mode: 'default' | 'boost' | 'range' = 'default';
  let at = skipWhiteSpace(text, 0);
  while (at < text.length) {
    const token =
      mode === 'default' ? readToken(text, at) : mode === 'boost' ? readBoost(text, at) : readInRange(text, at);
    tokens.push(token);
    if (token.kind === 'caret') mode = 'boost';
    else if (token.kind === 'rangeOpen') mode = 'range';
    else if (token.kind === 'number' || token.kind === 'rangeClose') mode = 'default';
    at = skipWhiteSpace(text, at + token.image.length);
  }
  tokens.push({ kind: 'end', image: '', at: text.length });
  return tokens;
}

export function describe(token: Token): string {
  if (token.kind === 'end') return 'end of query';
  return `"${token.image.length > 20 ? `${token.image.slice(0, 20)}…` : token.image}"`;
}

function skipWhiteSpace(text: string, from: number): number {
  let at = from;
  while (whiteSpace.has(text[at] ?? '')) at++;
  return at;
}

function readToken(text: string, at: number): Token {
  const char = text[at] ?? '';
  const punctuation = single[char];
  if (punctuation) return { kind: punctuation, image: char, at };
  const operator = operators[char];
  if (operator) {
    const bare = whiteSpace.has(text[at + 1] ?? '');
    return { kind: bare ? 'bareOperator' : operator, image: char, at };
  }
  switch (char) {
    case '^':
      return { kind: 'caret', image: char, at };
    case '[':
    case '{':
      return { kind: 'rangeOpen', image: char, at };
    case '~':
      return { kind: 'tilde', image: matchAt(tilde, text, at) ?? char, at };
    case '"':
      return { kind: 'quoted', image: text.slice(at, quoteEnd(text, at)), at };
    case '/':
      return { kind: 'regex', image: text.slice(at, regexEnd(text, at)), at };
    default:
      return readWord(text, at);
  }
}

function readWord(text: string, at: number): Token {
  let end = at;
  let wildcards = 0;
  while (end < text.length) {
    const char = text[end] ?? '';
    if (char === '\\') {
      if (end + 1 === text.length) break;
      end += 2;
    } else if (char === '*' || char === '?') {
      wildcards++;
      end++;
    } else if (!special.has(char) || (end > at && (char === '+' || char === '-'))) {
      end++;
    } else break;
  }
  const image = text.slice(at, end);
  if (image === '') {
    const found = text[at] === '\\' ? 'a backslash at the end' : `"${text[at]}"`;
    throw syntaxError(at, found, text[at] === '\\' ? 'a character after it' : 'a term');
  }
  if (wildcards === 0) return { kind: Object.hasOwn(words, image) ? (words[image] ?? 'term') : 'term', image, at };
  if (image === '*') return { kind: 'star', image, at };
  return { kind: wildcards === 1 && endsInStar(image) ? 'prefix' : 'wildcard', image, at };
}

/** With one wildcard in all, a last star is it unless it is escaped. */
function endsInStar(image: string): boolean {
  if (!image.endsWith('*')) return false;
  let backslashes = 0;
  while (image[image.length - 2 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 0;
}

function quoteEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  throw syntaxError(text.length, 'end of query', 'a closing quote');
}

/** A slash after a backslash ends the expression only if no later slash does: Lucene takes the longest. */
function regexEnd(text: string, from: number): number {
  let end = -1;
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] !== '/') continue;
    end = at + 1;
    if (text[at - 1] !== '\\') break;
  }
  if (end === -1) throw syntaxError(text.length, 'end of query', 'a closing slash');
  return end;
}

function readBoost(text: string, at: number): Token {
  const image = matchAt(number, text, at);
  if (image === undefined) throw syntaxError(at, `"${text[at]}"`, 'a number after ^');
  return { kind: 'number', image, at };
}

function readInRange(text: string, at: number): Token {
  const char = text[at] ?? '';
  if (char === ']' || char === '}') return { kind: 'rangeClose', image: char, at };
  let end = at;
  while (end < text.length && !whiteSpace.has(text[end] ?? '') && text[end] !== ']' && text[end] !== '}') end++;
  const quoted = char === '"' ? rangeQuoteEnd(text, at) : -1;
  if (quoted >= end) return { kind: 'rangeQuoted', image: text.slice(at, quoted), at };
  const image = text.slice(at, end);
  return { kind: image === 'TO' ? 'rangeTo' : 'rangeBound', image, at };
}

/** End of a quoted bound, -1 where there is none: the quote is then a character like others. */
function rangeQuoteEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\' && text[at + 1] === '"') at++;
    else if (text[at] === '"') return at === from + 1 ? -1 : at + 1;
  }
  return -1;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
