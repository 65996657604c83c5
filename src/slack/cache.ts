/** Remembers answers for a while, at most `maxEntries` of them; the oldest goes first. Failures are not remembered. */
export class Cache<V> {
  readonly #entries = new Map<string, { readonly atMs: number; readonly value: V }>();
  readonly #ttlMs: number;
  readonly #maxEntries: number;
  readonly #nowMs: () => number;

  constructor({
    ttlMs,
    maxEntries = 5_000,
    nowMs = Date.now,
  }: { ttlMs: number; maxEntries?: number; nowMs?: () => number }) {
    this.#ttlMs = ttlMs;
    this.#maxEntries = maxEntries;
    this.#nowMs = nowMs;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#nowMs() - entry.atMs < this.#ttlMs ? entry.value : undefined;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, { atMs: this.#nowMs(), value });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > this.#maxEntries && !oldest.done) this.#entries.delete(oldest.value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
