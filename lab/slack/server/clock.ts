type Timer = { readonly dueMs: number; readonly run: () => void; handle?: NodeJS.Timeout };

/**
 * The lab's time, Unix milliseconds: the real one, or a virtual one that stands still until it is moved.
 * Rate budgets, trigger ids, response URLs, acknowledgement timers, retries and late files all go by it.
 */
export class LabClock {
  #virtualMs: number | undefined;
  #offsetMs = 0;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#virtualMs ?? Date.now() + this.#offsetMs;
  }

  get mode(): "real" | "virtual" {
    return this.#virtualMs === undefined ? "real" : "virtual";
  }

  /** Stops time at the present moment; from now on only `advance` moves it. */
  freeze(): void {
    this.#virtualMs = this.nowMs();
    for (const timer of this.#timers) clearTimeout(timer.handle);
  }

  /** Lets time run again from where it stands. */
  run(): void {
    if (this.#virtualMs === undefined) return;
    this.#offsetMs = this.#virtualMs - Date.now();
    this.#virtualMs = undefined;
    for (const timer of this.#timers) this.#arm(timer);
  }

  /** Moves time forward and runs what falls due on the way, in order. A real clock keeps running afterwards. */
  advance(ms: number): void {
    const wasReal = this.mode === "real";
    this.freeze();
    const endMs = this.nowMs() + ms;
    for (let next = this.#nextDue(endMs); next; next = this.#nextDue(endMs)) {
      this.#virtualMs = Math.max(this.nowMs(), next.dueMs);
      this.#fire(next);
    }
    this.#virtualMs = endMs;
    if (wasReal) this.run();
  }

  /** Runs something later; the returned function takes it back. */
  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.nowMs() + delayMs, run };
    this.#timers.add(timer);
    if (this.mode === "real") this.#arm(timer);
    return () => {
      clearTimeout(timer.handle);
      this.#timers.delete(timer);
    };
  }

  /** Forgets everything that was to happen. */
  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer.handle);
    this.#timers.clear();
  }

  #arm(timer: Timer): void {
    timer.handle = setTimeout(() => this.#fire(timer), Math.max(0, timer.dueMs - this.nowMs()));
    timer.handle.unref();
  }

  #fire(timer: Timer): void {
    if (this.#timers.delete(timer)) timer.run();
  }

  #nextDue(endMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= endMs);
    return due.toSorted((left, right) => left.dueMs - right.dueMs)[0];
  }
}
