/** A seeded source of chance (mulberry32): a failure is repeated by giving its seed as SEED. */
export interface Random {
  readonly seed: number;
  /** At least 0, below 1. */
  next(): number;
  /** An integer of [from, to). */
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
}

export function randomFrom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from));
  return {
    seed,
    next,
    between,
    pick: <T>(items: readonly T[]) => {
      const item = items[between(0, items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}

/** SEED from the environment, else a new one; the tests that use it have it in their names. */
export const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
