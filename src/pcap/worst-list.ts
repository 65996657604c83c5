/** Keeps the few entries with the highest score; those who would not be kept are never made. */
export class WorstList<T> {
  readonly #most: number;
  readonly #entries: { readonly score: number; readonly entry: T }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Adds what `make` makes when its score is among the highest; earlier ones win ties. */
  offer(score: number, make: () => T): void {
    const entries = this.#entries;
    if (entries.length >= this.#most && score <= (entries.at(-1)?.score ?? 0)) return;
    const place = entries.findIndex((other) => other.score < score);
    entries.splice(place === -1 ? entries.length : place, 0, { score, entry: make() });
    if (entries.length > this.#most) entries.pop();
  }

  /** The worst first. */
  list(): readonly T[] {
    return this.#entries.map(({ entry }) => entry);
  }
}
