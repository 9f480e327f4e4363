import type { Budget } from '../limits';

/**
 * Whether a text's words hold the phrase: each word of it at its place, give or take. Each occurrence of a word is used once;
 * the places of the words, less their places in the phrase, lie within `slop` of each other. So "hopper grace"~2 finds `grace hopper`:
 * swapping two neighbours takes two moves.
 */
export function hasPhrase(text: readonly string[], phrase: readonly string[], slop: number, budget: Budget): boolean {
  budget.spend(text.length);
  const places = new Map<string, number[]>(phrase.map((word) => [word, []]));
  for (let i = 0; i < text.length; i++) places.get(text[i] ?? '')?.push(i);
  if (slop === 0) return exact(text, phrase, places, budget);
  return phrase.some((word, offset) =>
    (places.get(word) ?? []).some((place) => fits(phrase, places, place - offset, slop, budget)),
  );
}

function exact(
  text: readonly string[],
  phrase: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  budget: Budget,
): boolean {
  return (places.get(phrase[0] ?? '') ?? []).some((start) => {
    budget.spend(phrase.length);
    return phrase.every((word, i) => text[start + i] === word);
  });
}

/**
 * Whether each word has a place of its own at start + its offset, or up to slop later. Words alike want windows of one length in
 * rising order, so that giving each the first place left over is best.
 */
function fits(
  phrase: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  start: number,
  slop: number,
  budget: Budget,
): boolean {
  const taken = new Map<string, number>();
  return phrase.every((word, offset) => {
    const options = places.get(word) ?? [];
    const after = taken.get(word) ?? -1;
    const least = Math.max(start + offset, after + 1);
    const place = options.find((option) => option >= least);
    budget.spend(options.length + 1);
    if (place === undefined || place > start + offset + slop) return false;
    taken.set(word, place);
    return true;
  });
}
