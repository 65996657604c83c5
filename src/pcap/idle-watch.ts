import { type IdleCut, MOST_CUT } from "./tap-evidence.ts";
import type { TapFlows } from "./tap-flows.ts";

/** Shorter pauses are what every conversation has; they would tell nothing of what forgets connections. */
const SILENT_NS = 1e9;
/** What follows a silence is unanswered when it was sent again this often, for this long. */
const MIN_TRIES = 2;
const UNANSWERED_NS = 3e9;
const MAX_WAKES = 4_096;

type Wake = Pick<IdleCut, "from" | "to"> & {
  readonly isB: boolean;
  readonly silentNs: number;
  readonly atNs: number;
  tries: number;
};
type Cut = Pick<Wake, "silentNs" | "atNs" | "from" | "to"> & Pick<IdleCut, "how">;

/** Note of a connection that an end has begun to close: what comes then, or stays away, is no sign of anything. */
const CLOSING = -1;

/**
 * Which connections outlive a silence: whether what follows one is answered, reset, or sent again in vain. A connection that
 * something on the way has forgotten is told from others by that alone. And those that are reset in the middle of a silence,
 * by whoever has waited long enough.
 */
export class IdleWatch {
  readonly #flows: TapFlows;
  /** Silences whose end is not answered yet, by the connection's note less one; freed places are used again. */
  readonly #open: (Wake | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #cut = new Map<Wake, Exclude<IdleCut["how"], "unasked">>();
  readonly #unasked: Cut[] = [];
  #lived = 0;
  #longestLivedNs = 0;

  constructor(flows: TapFlows) {
    this.#flows = flows;
  }

  /**
   * A segment of the present connection; `speaks` when it has data or asks whether the other side is there. True when it ends
   * a silence: then `wake` has to be told between whom.
   */
  packet(speaks: boolean, now: number): boolean {
    const flows = this.#flows;
    if (flows.note === 0) return speaks && now - flows.newestNs >= SILENT_NS && flows.isBothWays;
    const wake = this.#open[flows.note - 1];
    if (!wake) return false;
    if (wake.isB !== flows.isB) {
      // An answer, if a late one.
      this.#cut.delete(wake);
      this.#lived++;
      this.#longestLivedNs = Math.max(this.#longestLivedNs, wake.silentNs);
      this.#close();
    } else if (speaks) {
      wake.tries++;
      if (wake.tries >= MIN_TRIES && now - wake.atNs >= UNANSWERED_NS) this.#isCut(wake, "silence");
    }
    return false;
  }

  wake(now: number, ends: Pick<IdleCut, "from" | "to">): void {
    if (this.#free.length === 0 && this.#open.length >= MAX_WAKES) return;
    const flows = this.#flows;
    const place = this.#free.pop() ?? this.#open.length;
    this.#open[place] = { isB: flows.isB, silentNs: now - flows.newestNs, atNs: now, ...ends, tries: 0 };
    flows.note = place + 1;
  }

  /** The present connection is reset. True when that breaks a silence: then `unasked` has to be told by whom. */
  reset(now: number): boolean {
    const flows = this.#flows;
    const wake = this.#open[flows.note - 1];
    if (!wake) return flows.note === 0 && now - flows.newestNs >= SILENT_NS && flows.isBothWays;
    // Whoever gives up resets, too: that is no answer.
    if (wake.isB !== flows.isB) this.#isCut(wake, "reset");
    else if (wake.tries >= MIN_TRIES && now - wake.atNs >= UNANSWERED_NS) this.#isCut(wake, "silence");
    this.#close();
    return false;
  }

  unasked(now: number, ends: Pick<IdleCut, "from" | "to">): void {
    const flows = this.#flows;
    if (this.#unasked.length < MOST_CUT)
      this.#unasked.push({ silentNs: now - flows.newestNs, atNs: now, ...ends, how: "unasked" });
    flows.note = CLOSING;
  }

  /** The present connection is asked for: what stood in its place before is over. */
  begun(): void {
    if (this.#open[this.#flows.note - 1]) this.#close();
    this.#flows.note = 0;
  }

  /** The present connection is closed in order. */
  ended(): void {
    const wake = this.#open[this.#flows.note - 1];
    if (!wake) this.#flows.note = CLOSING;
    else if (!this.#cut.has(wake) && wake.isB !== this.#flows.isB) this.#close();
  }

  result(): { readonly lived: number; readonly longestLivedNs: number; readonly cut: readonly Cut[] } {
    return {
      lived: this.#lived,
      longestLivedNs: this.#longestLivedNs,
      cut: [...[...this.#cut].map(([wake, how]) => ({ ...wake, how })), ...this.#unasked].slice(0, MOST_CUT),
    };
  }

  #isCut(wake: Wake, how: Exclude<IdleCut["how"], "unasked">): void {
    if (this.#cut.size < MOST_CUT && !this.#cut.has(wake)) this.#cut.set(wake, how);
  }

  #close(): void {
    const { note } = this.#flows;
    this.#open[note - 1] = undefined;
    this.#free.push(note - 1);
    this.#flows.note = 0;
  }
}
