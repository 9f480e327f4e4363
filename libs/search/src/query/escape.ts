import { syntaxError } from './syntax-error';

/**
 * Takes the backslashes out of a piece of a query: `\x` is x, `\u0041` the character of that number.
 * @param at  place of the piece in the query, for errors
 */
export function withoutEscapes(piece: string, at: number): string {
  if (!piece.includes('\\')) return piece;
  let text = '';
  for (let i = 0; i < piece.length; i++) {
    if (piece[i] !== '\\') {
      text += piece[i];
      continue;
    }
    const { text: char, length } = readEscape(piece, i, at);
    text += char;
    i += length - 1;
  }
  return text;
}

/** Reads the escape that begins at `from`. */
export function readEscape(piece: string, from: number, at: number): { text: string; length: number } {
  const escaped = piece[from + 1];
  if (escaped === undefined) throw syntaxError(at + from, 'a backslash at the end', 'a character after it');
  if (escaped !== 'u') return { text: escaped, length: 2 };
  const digits = piece.slice(from + 2, from + 6);
  if (!/^[0-9a-f]{4}$/i.test(digits))
    throw syntaxError(at + from, 'an incomplete \\u escape', 'four hex digits after \\u');
  return { text: String.fromCharCode(Number.parseInt(digits, 16)), length: 6 };
}
