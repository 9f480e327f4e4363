/** Characters that take two columns of a terminal: East Asian scripts and pictures. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff01-\uff60]|\p{Extended_Pictographic}/u;
/** Characters that take none. */
const ZERO = /\p{Mn}|\p{Me}|\p{Cf}/u;

function widthOf(char: string): number {
  if (ZERO.test(char)) return 0;
  return WIDE.test(char) && char > '\u00ff' ? 2 : 1;
}

/** The text in exactly so many columns: cut with an ellipsis, or filled up with blanks. One line, no control characters. */
export function fit(text: string, columns: number): string {
  const chars = [
    ...text
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/\p{Cc}/gu, '')
      .trim(),
  ];
  let used = 0;
  let shown = '';
  for (const [i, char] of chars.entries()) {
    const width = widthOf(char);
    const rest = chars.length - i > 1 ? 1 : 0;
    if (used + width + rest > columns) {
      shown += '…';
      used += 1;
      break;
    }
    shown += char;
    used += width;
  }
  return shown + ' '.repeat(Math.max(0, columns - used));
}
