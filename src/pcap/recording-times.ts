/** From when to when a point was recording: pieces by our clock, ascending; nanoseconds. */
export type Covered = readonly (readonly [fromNs: number, toNs: number])[];

/** Tells which points were recording at a time. */
export class RecordingTimes {
  /** Between edge `n` and the next one `masks[n]` holds. */
  readonly #edges: number[] = [];
  readonly #masks: number[] = [];
  #place = 0;

  /**
   * A point that has several recorders was recording when all of them were. Packets within the margin of the beginning or end
   * of a piece may have been missed.
   */
  constructor(recorders: readonly { readonly point: number; readonly pieces: Covered }[], marginNs: number) {
    const changes = recorders.flatMap(({ point, pieces }) =>
      joined(pieces).flatMap(([fromNs, toNs]) =>
        fromNs + marginNs < toNs - marginNs
          ? [
              { ns: fromNs + marginNs, point, by: 1 },
              { ns: toNs - marginNs, point, by: -1 },
            ]
          : [],
      ),
    );
    const of = new Map<number, number>();
    for (const { point } of recorders) of.set(point, (of.get(point) ?? 0) + 1);
    const now = new Map<number, number>();
    let mask = 0;
    this.#edges.push(Number.NEGATIVE_INFINITY);
    this.#masks.push(0);
    for (const { ns, point, by } of changes.toSorted((one, other) => one.ns - other.ns)) {
      const recording = (now.get(point) ?? 0) + by;
      now.set(point, recording);
      mask = recording === of.get(point) ? mask | (1 << point) : mask & ~(1 << point);
      this.#edges.push(ns);
      this.#masks.push(mask);
    }
    this.#edges.push(Number.POSITIVE_INFINITY);
  }

  /** Bits, one a point. */
  at(ns: number): number {
    const edges = this.#edges;
    if (ns < (edges[this.#place] as number) || ns >= (edges[this.#place + 1] as number)) this.#find(ns);
    return this.#masks[this.#place] as number;
  }

  #find(ns: number): void {
    let [low, high] = [0, this.#masks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#edges[middle] as number) <= ns) low = middle;
      else high = middle - 1;
    }
    this.#place = low;
  }
}

/** Pieces that follow each other without a gap as one. */
function joined(pieces: Covered): Covered {
  const found: [number, number][] = [];
  for (const [from, to] of pieces) {
    const before = found.at(-1);
    if (before && from <= before[1]) before[1] = Math.max(before[1], to);
    else found.push([from, to]);
  }
  return found;
}
