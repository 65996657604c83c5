import { type ClockDifference, ClockPair } from "./clock-difference.ts";

/** Clocks of the nodes of a path: what was said of them at first, and what the packets themselves tell. */
export class NodeClocks {
  /** Index of the node of each point. */
  readonly #nodeOf: readonly number[];
  readonly #nodes: readonly string[];
  /** How far a node's clock is ahead of ours by what was known before any packet, ns. */
  readonly #knownNs: readonly (number | undefined)[];
  /** The same; where nothing was known, so that all nodes begin at once. */
  readonly #givenNs: (number | undefined)[];
  /** The same until packets tell better: for putting them in order roughly. */
  readonly #roughNs: (number | undefined)[];
  #beganNs: number | undefined;
  /** The first point of each node but the first. */
  readonly #changes: readonly number[];
  readonly #pairs: readonly ClockPair[];
  #differences: readonly ClockDifference[];

  constructor(points: readonly { readonly node: string; readonly aheadNs?: number | undefined }[]) {
    const nodes = [...new Set(points.map(({ node }) => node))];
    this.#nodes = nodes;
    this.#nodeOf = points.map(({ node }) => nodes.indexOf(node));
    this.#knownNs = nodes.map(
      (name) => points.find(({ node, aheadNs }) => node === name && aheadNs !== undefined)?.aheadNs,
    );
    this.#givenNs = [...this.#knownNs];
    this.#roughNs = [...this.#knownNs];
    this.#changes = nodes.slice(1).map((name) => points.findIndex(({ node }) => node === name));
    this.#pairs = this.#changes.map(() => new ClockPair());
    this.#differences = this.#changes.map((_, index) => this.#unknown(index + 1));
  }

  /** The first packet of a point. */
  begin(point: number, ns: number): void {
    const node = this.#nodeOf[point] as number;
    this.#beganNs ??= ns - (this.#givenNs[node] ?? 0);
    this.#givenNs[node] ??= ns - this.#beganNs;
    this.#roughNs[node] ??= ns - this.#beganNs;
  }

  /** A time of a point by our clock, roughly: good enough to read all points at about the same pace. */
  rough(point: number, ns: number): number {
    return ns - (this.#roughNs[this.#nodeOf[point] as number] ?? 0);
  }

  /** A time of a point by our clock, by what was known before: the same however much of a capture is read. */
  given(point: number, ns: number): number {
    return ns - (this.#givenNs[this.#nodeOf[point] as number] ?? 0);
  }

  /** A packet's times, one a point from `at` on; NaN = not seen. */
  learn(times: Float64Array, at: number, backward: boolean): void {
    for (let change = 0; change < this.#changes.length; change++) {
      const point = this.#changes[change] as number;
      const before = this.#nearest(times, at, point - 1, -1, change);
      const after = this.#nearest(times, at, point, 1, change + 1);
      if (!Number.isNaN(before) && !Number.isNaN(after))
        (this.#pairs[change] as ClockPair).add(before, after, backward);
    }
  }

  /** Compares the clocks by what was learnt; `ns` is about the time until which. */
  fit(ns: number): void {
    this.#differences = this.#pairs.map((pair, index) => {
      const found = pair.take();
      return Number.isFinite(found.uncertainNs) || this.#givenNs.every((ns) => ns === 0)
        ? found
        : this.#unknown(index + 1);
    });
    for (const [index, { at, uncertainNs }] of this.#differences.entries()) {
      const before = this.#roughNs[index];
      if (Number.isFinite(uncertainNs) && before !== undefined) this.#roughNs[index + 1] = before + at(ns);
    }
  }

  /** A time of a point by the clock of the first one. */
  common(point: number, ns: number): number {
    let common = ns;
    // From the far end to here: each difference is against the node before.
    for (let node = this.#nodeOf[point] as number; node > 0; node--) {
      const { at } = this.#differences[node - 1] as ClockDifference;
      // The difference is known by the time that is looked for: a second look is exact to drift times drift.
      common -= at(common - at(common));
    }
    return common;
  }

  /** How far times of two points may be off against each other. */
  uncertainNs(one: number, other: number): number {
    const [first, last] = [this.#nodeOf[one] as number, this.#nodeOf[other] as number].toSorted((a, b) => a - b);
    return this.#differences.slice(first, last).reduce((sum, { uncertainNs }) => sum + uncertainNs, 0);
  }

  /** Each node's clock against the first one's at a time of that; without those of which nothing is known. */
  against(ns: number): readonly { node: string; offsetMs: number; uncertainMs: number; driftPpm: number }[] {
    let [offset, uncertain, drift] = [0, 0, 0];
    return this.#differences.flatMap(({ at, uncertainNs, driftPpm }, index) => {
      offset += at(ns);
      uncertain += uncertainNs;
      drift += driftPpm;
      const node = this.#nodes[index + 1] as string;
      return Number.isFinite(uncertain)
        ? [{ node, offsetMs: offset / 1e6, uncertainMs: uncertain / 1e6, driftPpm: drift }]
        : [];
    });
  }

  #unknown(node: number): ClockDifference {
    const known = (this.#knownNs[node] ?? 0) - (this.#knownNs[node - 1] ?? 0);
    return { at: () => known, uncertainNs: Number.POSITIVE_INFINITY, driftPpm: 0 };
  }

  /** The time at the point nearest to `from` on the same node that saw the packet. */
  #nearest(times: Float64Array, at: number, from: number, step: number, node: number): number {
    for (let point = from; this.#nodeOf[point] === node; point += step) {
      const ns = times[at + point] as number;
      if (!Number.isNaN(ns)) return ns;
    }
    return Number.NaN;
  }
}
