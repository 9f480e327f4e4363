import type { Budget } from '../limits';
import type { WildcardPart } from '../query/ast';
import type { TermSet } from './term-set';

/** Terms of a pattern with `*` (any text) and `?` (any one character), in lower case. */
export function wildcardTerms(parts: readonly WildcardPart[]): TermSet {
  const head = parts[0];
  const prefix = typeof head === 'string' ? head : '';
  return { from: prefix, prefix, to: null, has: infix(parts) ?? general(parts) };
}

type Test = (term: string, budget: Budget) => boolean;

/** `*text*` and `*text`, what people search names with: the runtime's own search does it. */
function infix(parts: readonly WildcardPart[]): Test | undefined {
  const [star, text, end] = parts;
  if (typeof star !== 'object' || star.any !== 'many' || typeof text !== 'string' || parts.length > 3) return undefined;
  if (end === undefined) return (term) => term.endsWith(text);
  if (typeof end === 'string' || end.any !== 'many') return undefined;
  return (term, budget) => {
    budget.spend(term.length >> 3);
    return term.includes(text);
  };
}

/** Characters, -1 for any one, -2 for any text. */
const one = -1;
const many = -2;

/** Goes on from the last star where it fails: quadratic at worst, and counted. */
function general(parts: readonly WildcardPart[]): Test {
  const pattern = parts.flatMap((part) =>
    typeof part === 'string' ? Array.from(part, (char) => char.codePointAt(0) ?? 0) : [part.any === 'one' ? one : many],
  );
  return (term, budget) => {
    let steps = 0;
    let at = 0;
    let next = 0;
    let star = -1;
    let starAt = 0;
    while (at < term.length) {
      steps++;
      const code = term.codePointAt(at) ?? 0;
      const wanted = pattern[next];
      if (wanted === many) {
        star = next++;
        starAt = at;
      } else if (wanted === one || wanted === code) {
        next++;
        at += code > 0xffff ? 2 : 1;
      } else if (star >= 0) {
        next = star + 1;
        starAt += (term.codePointAt(starAt) ?? 0) > 0xffff ? 2 : 1;
        at = starAt;
      } else break;
      if (steps === 1024) {
        budget.spend(steps);
        steps = 0;
      }
    }
    budget.spend(steps);
    while (pattern[next] === many) next++;
    return at >= term.length && next === pattern.length;
  };
}
