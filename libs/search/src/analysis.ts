/**
 * How text becomes terms: split at white space, then lower-cased. White space is what Java's tokenizer takes for it: no-break spaces
 * hold words together.
 */
export function words(text: string): readonly string[] {
  const found: string[] = [];
  const lower = text.toLowerCase();
  let from = -1;
  for (let i = 0; i < lower.length; i++) {
    if (isWhiteSpace(lower.charCodeAt(i))) {
      if (from >= 0) found.push(lower.slice(from, i));
      from = -1;
    } else if (from < 0) from = i;
  }
  if (from >= 0) found.push(from === 0 ? lower : lower.slice(from));
  return found;
}

/** The one term of a value that is not analysed, and of patterns and bounds. */
export function normalize(text: string): string {
  return text.toLowerCase();
}

function isWhiteSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
  if (code < 0x1680) return false;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a && code !== 0x2007) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x205f ||
    code === 0x3000
  );
}
