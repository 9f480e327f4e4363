const ESCAPE = /\\u\{([0-9a-fA-F]{1,6})\}/g;
const CODE_POINT_MAX = 0x10ffff;

/**
 * Characters of a reaction: Meta writes them as literal text such as `\u{2764}\u{FE0F}`, or as they are; both are
 * taken. Undefined where there are none.
 */
export function decodeEmoji(text: string): string | undefined {
  const decoded = text.replace(ESCAPE, (literal, hex: string) => {
    const point = Number.parseInt(hex, 16);
    return point <= CODE_POINT_MAX ? String.fromCodePoint(point) : literal;
  });
  return decoded === '' ? undefined : decoded;
}
