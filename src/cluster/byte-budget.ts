/** Unused bytes of this much time may be spent at once. */
const BURST_S = 2;

/**
 * How fast recorded packets may be fetched from one cluster: so many bytes a second on average, with short bursts. What was
 * taken beyond the budget is paid back before anything more may be taken.
 */
export class ByteBudget {
  readonly #nowMs: () => number;
  #bytesPerSecond: number;
  #left: number;
  #atMs: number;

  constructor(bytesPerSecond: number, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#bytesPerSecond = bytesPerSecond;
    this.#left = bytesPerSecond * BURST_S;
    this.#atMs = nowMs();
  }

  /** Bytes that may be taken now; not above 0 while there are none. */
  get left(): number {
    const nowMs = this.#nowMs();
    const earned = (Math.max(0, nowMs - this.#atMs) / 1_000) * this.#bytesPerSecond;
    this.#left = Math.min(this.#bytesPerSecond * BURST_S, this.#left + earned);
    this.#atMs = nowMs;
    return this.#left;
  }

  took(bytes: number): void {
    this.#left = this.left - bytes;
  }

  /** Another share of the cluster's budget, because workers came or went. */
  set bytesPerSecond(rate: number) {
    this.#left = Math.min(this.left, rate * BURST_S);
    this.#bytesPerSecond = rate;
  }
}
