import { limits } from '../../limits';
import { QueryError } from '../../port';
import { syntaxError } from '../../query/syntax-error';
import { anyChar, type CharSet, type RegexNode } from './ast';

const classes: Readonly<Record<string, CharSet>> = {
  d: { ranges: [[48, 57]], negated: false },
  D: { ranges: [[48, 57]], negated: true },
  s: {
    ranges: [
      [9, 10],
      [13, 13],
      [32, 32],
    ],
    negated: false,
  },
  S: {
    ranges: [
      [9, 10],
      [13, 13],
      [32, 32],
    ],
    negated: true,
  },
  w: {
    ranges: [
      [48, 57],
      [95, 95],
      [97, 122],
    ],
    negated: false,
  },
  W: {
    ranges: [
      [48, 57],
      [95, 95],
      [97, 122],
    ],
    negated: true,
  },
};
/** Operators that Lucene has and this does not: complement, intersection, numeric interval, empty language. */
const unsupported = '~&<#';

/**
 * Parses Lucene's regular expressions: `.` `?` `*` `+` `{n}` `{n,}` `{n,m}` `|` `()` `[]` `[^]` `"text"` `@` (any text) `\x` `\d` `\s` `\w`.
 * There are no anchors (the whole term is meant), no groups to refer to, and `^` and `$` are characters like others.
 * Letters are lower-cased, as terms are.
 * @param at  place of the pattern in the query
 */
export function parseRegex(pattern: string, at: number): RegexNode {
  return new RegexParser(Array.from(pattern), at).parse();
}

class RegexParser {
  private position = 0;
  private depth = 0;

  constructor(
    private readonly chars: readonly string[],
    private readonly at: number,
  ) {}

  parse(): RegexNode {
    if (this.chars.length === 0) return { kind: 'sequence', parts: [] };
    const node = this.choice();
    if (this.position < this.chars.length) throw this.unexpected('an expression');
    return node;
  }

  private choice(): RegexNode {
    const options = [this.sequence()];
    while (this.take('|')) options.push(this.sequence());
    const [only] = options;
    return options.length === 1 && only ? only : { kind: 'choice', options };
  }

  private sequence(): RegexNode {
    const parts: RegexNode[] = [];
    do parts.push(this.repeated());
    while (this.position < this.chars.length && !this.looksAt('|') && !this.looksAt(')'));
    return { kind: 'sequence', parts };
  }

  private repeated(): RegexNode {
    let node = this.single();
    let repeats = 0;
    for (;;) {
      const range = this.repeat();
      if (!range) return node;
      if (++repeats > limits.nestingMax) throw tooDeep(this.at);
      node = { kind: 'repeat', node, ...range };
    }
  }

  private repeat(): { min: number; max: number | null } | undefined {
    if (this.take('?')) return { min: 0, max: 1 };
    if (this.take('*')) return { min: 0, max: null };
    if (this.take('+')) return { min: 1, max: null };
    if (!this.take('{')) return undefined;
    const min = this.integer();
    const max = this.take(',') ? (this.looksAt('}') ? null : this.integer()) : min;
    if (max !== null && max < min) throw this.unexpected(`a number not below ${min}`);
    this.expect('}');
    return { min, max };
  }

  private integer(): number {
    let digits = '';
    while (/^[0-9]$/.test(this.chars[this.position] ?? '')) digits += this.chars[this.position++];
    if (digits === '') throw this.unexpected('a number');
    return Number(digits);
  }

  private single(): RegexNode {
    const char = this.chars[this.position];
    if (char === undefined || '|)?*+{'.includes(char)) throw this.unexpected('an expression');
    if (unsupported.includes(char))
      throw this.unexpected(`no ${char} but as \\${char}: this operator is not supported`);
    this.position++;
    switch (char) {
      case '.':
        return { kind: 'chars', set: anyChar };
      case '@':
        return { kind: 'repeat', node: { kind: 'chars', set: anyChar }, min: 0, max: null };
      case '(':
        return this.group();
      case '[':
        return { kind: 'chars', set: this.charClass() };
      case '"':
        return this.quoted();
      case '\\':
        return { kind: 'chars', set: this.escaped() };
      default:
        return literal(char);
    }
  }

  private group(): RegexNode {
    if (++this.depth > limits.nestingMax) throw tooDeep(this.at);
    const node: RegexNode = this.looksAt(')') ? { kind: 'sequence', parts: [] } : this.choice();
    this.expect(')');
    this.depth--;
    return node;
  }

  private quoted(): RegexNode {
    const parts: RegexNode[] = [];
    while (this.position < this.chars.length && !this.looksAt('"'))
      parts.push(literal(this.chars[this.position++] ?? ''));
    this.expect('"');
    return { kind: 'sequence', parts };
  }

  private escaped(): CharSet {
    const char = this.chars[this.position++];
    if (char === undefined) throw this.unexpected('a character after the backslash');
    return (Object.hasOwn(classes, char) ? classes[char] : undefined) ?? charSet(char);
  }

  private charClass(): CharSet {
    const negated = this.take('^');
    const ranges: (readonly [number, number])[] = [];
    do {
      const from = this.classMember();
      if (typeof from !== 'string') {
        ranges.push(...(from.negated ? complement(from.ranges) : from.ranges));
      } else if (this.looksAt('-') && this.chars[this.position + 1] !== ']') {
        this.position++;
        const to = this.classMember();
        if (typeof to !== 'string' || code(to) < code(from)) throw this.unexpected(`a character not below ${from}`);
        ranges.push([code(from), code(to)]);
      } else ranges.push([code(from), code(from)]);
    } while (this.position < this.chars.length && !this.looksAt(']'));
    this.expect(']');
    return { ranges, negated };
  }

  private classMember(): string | CharSet {
    const char = this.chars[this.position++];
    if (char === undefined) throw this.unexpected('a closing ]');
    if (char !== '\\') return char.toLowerCase();
    const escaped = this.chars[this.position++];
    if (escaped === undefined) throw this.unexpected('a character after the backslash');
    return (Object.hasOwn(classes, escaped) ? classes[escaped] : undefined) ?? escaped.toLowerCase();
  }

  private looksAt(char: string): boolean {
    return this.chars[this.position] === char;
  }

  private take(char: string): boolean {
    const taken = this.looksAt(char);
    if (taken) this.position++;
    return taken;
  }

  private expect(char: string): void {
    if (!this.take(char)) throw this.unexpected(`"${char}"`);
  }

  private unexpected(expected: string): QueryError {
    const char = this.chars[this.position];
    const before = this.chars.slice(0, this.position).join('').length;
    return syntaxError(
      this.at + before,
      char === undefined ? 'the end of the regular expression' : `"${char}"`,
      expected,
    );
  }
}

function literal(char: string): RegexNode {
  return { kind: 'chars', set: charSet(char) };
}

function charSet(char: string): CharSet {
  return { ranges: [[code(char.toLowerCase()), code(char.toLowerCase())]], negated: false };
}

function code(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function complement(ranges: CharSet['ranges']): CharSet['ranges'] {
  const result: (readonly [number, number])[] = [];
  let next = 0;
  for (const [from, to] of ranges) {
    if (from > next) result.push([next, from - 1]);
    next = to + 1;
  }
  result.push([next, 0x10ffff]);
  return result;
}

function tooDeep(at: number): QueryError {
  return new QueryError('QUERY_TOO_COSTLY', `a regular expression may be nested ${limits.nestingMax} deep`, { at });
}
