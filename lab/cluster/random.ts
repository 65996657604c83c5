/** A repeatable source of randomness: the same seed gives the same lab. Not for secrets. */
export type Random = {
  /** 0 ≤ x < 1. */
  readonly next: () => number;
  /** A whole number, both ends included. */
  readonly between: (low: number, high: number) => number;
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T;
  readonly hex: (digits: number) => string;
  readonly uuid: () => string;
  /** As Kubernetes makes the ends of generated names: no vowels, nothing that reads like another letter. */
  readonly suffix: (length: number) => string;
};

const nameLetters = "bcdfghjklmnpqrstvwxz2456789";

/** mulberry32: small, fast and even enough for names and addresses. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const letters = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[between(0, alphabet.length - 1)]).join("");
  const hex = (digits: number): string => letters("0123456789abcdef", digits);
  return {
    next,
    between,
    pick: (choices) => choices[between(0, choices.length - 1)] ?? choices[0],
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${letters("89ab", 1)}${hex(3)}-${hex(12)}`,
    suffix: (length) => letters(nameLetters, length),
  };
}
