import { alikePackets } from "./alike-packets.ts";
import { CaptureReader } from "./capture-reader.ts";
import { ConnectionPoints } from "./connection-points.ts";
import { Crossings } from "./crossings.ts";
import { type HopPoint, type HopSummary, hopSummary, type Matched } from "./hop-summary.ts";
import { HopTap } from "./hop-tap.ts";
import { NodeClocks } from "./node-clocks.ts";
import { PathEnds } from "./path-ends.ts";
import { RecordingTimes } from "./recording-times.ts";
import { type Sighted, Sightings, type Untangle } from "./sightings.ts";

/** When a tap was recording by its node's clock, ns since 1970: pieces, ascending. */
export type Recorded = readonly (readonly [fromNs: bigint, toNs: bigint])[];

/** A packet that was lost behind a point: the `number`th of a tap, counted from 1. */
export type LostPacket = {
  readonly point: number;
  readonly tap: number;
  readonly backward: boolean;
  readonly number: number;
  /** By our clock. */
  readonly atMs: number;
};

/** A packet is given up when all points are this far ahead of it. */
const PATIENCE_NS = 10e9;
/** Packets this close to the beginning or end of a recording may have been missed by it. */
const MARGIN_NS = 1e9;
const SWEEP_NS = 10e9;
/** Under load packets are looked through more often, but not more than this. */
const LEAST_SWEEP_NS = 1e9;
const MOST_BYTES = 160e6;
/** Connections that are remembered; then they are learnt anew. */
const MOST_CONNECTIONS = 1_000_000;

export type HopMatchingOptions = {
  readonly points: readonly HopPoint[];
  /** For each tap the point at which it stands; absent = one a point. Members of a bond stand beside each other. */
  readonly taps?: readonly { readonly point: number; readonly recorded?: Recorded }[];
  /** All addresses that packets of either end carry on the way: its own, those of its Service, and of whoever masks it. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** A node on the way may give packets an address that is in neither list; see `connection-points.ts`. */
  readonly mayBeMasked?: boolean;
  /** The largest IP packet that either end puts on the wire, bytes: larger ones are counted in pieces. */
  readonly mtu: number;
  /**
   * Only packets are counted that the first point to see them saw from `fromNs` on and before `toNs`, ns since 1970 by our
   * clock as `aheadNs` has it. So every packet counts in one of several pieces of time that follow each other.
   */
  readonly counted?: { readonly fromNs: bigint; readonly toNs: bigint };
  readonly lost?: (packet: LostPacket) => void;
};

/**
 * Finds the same packet at all points of a path and counts at which it was seen, and how long it took. Captures are fed
 * to all taps in turn, always to the one that is `behind`: a packet is kept until every point is 10 s ahead of it, and there
 * are two million of them at most.
 */
export class HopMatching {
  readonly #options: HopMatchingOptions;
  readonly #taps: readonly HopTap[];
  /** Of each tap. */
  readonly #pointOf: readonly number[];
  /** Times of taps that are missing in what was recorded. */
  readonly #holes: { readonly tap: number; readonly fromNs: number; toNs: number }[] = [];
  readonly #readers: CaptureReader[] = [];
  readonly #clocks: NodeClocks;
  readonly #sightings: Sightings;
  readonly #crossings: Crossings;
  #times: RecordingTimes;
  #counted: readonly [fromNs: number, toNs: number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  #base: bigint | undefined;
  #baseMs = 0;
  #sweptNs: number | undefined;
  #others = 0;
  /** Connections to addresses that stand for an end, of which packets have reached that very end. */
  readonly #ours = new Set<number>();
  readonly #connections: ConnectionPoints | undefined;

  constructor(options: HopMatchingOptions) {
    this.#options = options;
    const { points, from, to, mtu, mayBeMasked = false } = options;
    this.#connections = mayBeMasked ? new ConnectionPoints() : undefined;
    this.#clocks = new NodeClocks(points);
    this.#sightings = new Sightings(points.length, MOST_BYTES);
    this.#crossings = new Crossings(points.length);
    this.#times = new RecordingTimes([], 0);
    const ends = new PathEnds(from, to);
    const taps = options.taps ?? points.map((_, point) => ({ point }));
    this.#pointOf = taps.map(({ point }) => point);
    this.#taps = taps.map(({ point }, tap) => {
      const numberOf = (number: number): number => number * taps.length + tap;
      const sinceBase = (first: bigint): number => {
        const ns = this.#sinceBase(first);
        this.#clocks.begin(point, ns);
        return ns;
      };
      return new HopTap({
        point,
        numberOf,
        ends,
        mtu,
        sightings: this.#sightings,
        connections: this.#connections,
        refused: () => this.#noRoom(tap),
        sinceBase,
        advance: () => this.#advance(),
      });
    });
  }

  /** Takes packets from a reader that the caller has, and that it announces with `readBy`. */
  tap(index: number): HopTap {
    const tap = this.#taps[index];
    if (!tap) throw new RangeError(`no tap ${index}: there are ${this.#taps.length}`);
    return tap;
  }

  /** Takes the capture of a tap. */
  reader(index: number): CaptureReader {
    const tap = this.tap(index);
    const reader = this.#readers[index] ?? new CaptureReader(tap);
    this.#readers[index] = reader;
    tap.readBy(reader);
    return reader;
  }

  /** What a tap has recorded between two times (`HopTap.now`) cannot be read. */
  unread(tap: number, fromNs: number, toNs: number): void {
    this.#holes.push({ tap, fromNs, toNs });
  }

  /** The tap that should be read next: of those that have not ended the one that is furthest behind; -1 = none. */
  get behind(): number {
    let [found, least] = [-1, Number.POSITIVE_INFINITY];
    for (const [tap, { ended, newestNs }] of this.#taps.entries()) {
      const ns = this.#clocks.rough(this.#pointOf[tap] as number, newestNs);
      if (ended || (found !== -1 && ns >= least)) continue;
      found = tap;
      least = ns;
    }
    return found;
  }

  /** A time of a tap (`HopTap.now`) by our clock as it was known before: ms since 1970. */
  msOf(tap: number, ns: number): number {
    return this.#msAt(this.#clocks.given(this.#pointOf[tap] as number, ns));
  }

  /** The other way round: ms since 1970 of a tap's own clock. */
  nsOf(ms: number): number {
    return (ms - this.#baseMs) * 1e6;
  }

  /** True for times of a tap that count. */
  counts(tap: number, ns: number): boolean {
    return this.#isCounted(this.#pointOf[tap] as number, ns);
  }

  /** Everything that was counted. No packets may follow. */
  take(): Matched {
    this.#sweep(Number.POSITIVE_INFINITY);
    this.#crossings.copies = this.#sightings.copies;
    const sum = (of: (tap: HopTap) => number): number => this.#taps.reduce((all, tap) => all + of(tap), 0);
    return {
      ...this.#crossings.counts(),
      clocks: [...this.#clocks.against(this.#newest())],
      strangers: sum(({ strangers }) => strangers) + this.#others,
      unidentified: sum(({ unidentified }) => unidentified),
      refused: this.#sightings.refused + this.#sightings.tooAlike,
    };
  }

  /** What that says about hops. */
  finish(): HopSummary {
    return hopSummary(this.#options.points, this.take());
  }

  #sinceBase(ns: bigint): number {
    if (this.#base === undefined) {
      this.#base = ns;
      this.#baseMs = Number(ns / 1_000n) / 1e3;
      const { counted } = this.#options;
      if (counted) this.#counted = [Number(counted.fromNs - ns), Number(counted.toNs - ns)];
    }
    return Number(ns - this.#base);
  }

  /** Now and then: counts the packets that have waited long enough. */
  #advance(): void {
    const sweptNs = this.#sweptNs ?? this.#begun();
    if (sweptNs === undefined) return;
    this.#sweptNs = sweptNs;
    const dueNs = sweptNs + (this.#sightings.isCrowded ? LEAST_SWEEP_NS : SWEEP_NS) + PATIENCE_NS;
    let oldest = Number.POSITIVE_INFINITY;
    for (const [tap, { ended, newestNs }] of this.#taps.entries()) {
      const ns = this.#clocks.rough(this.#pointOf[tap] as number, newestNs);
      if (ended) continue;
      if (ns < dueNs) return;
      if (ns < oldest) oldest = ns;
    }
    if (!Number.isFinite(oldest)) return;
    this.#sweptNs = oldest - PATIENCE_NS;
    this.#sweep(this.#sweptNs);
  }

  /** The first packet of all, when every tap has begun. */
  #begun(): number | undefined {
    const begun = [...this.#taps.entries()].filter(([, { firstNs }]) => Number.isFinite(firstNs));
    if (
      begun.length + this.#taps.filter(({ ended, firstNs }) => ended && !Number.isFinite(firstNs)).length <
      this.#taps.length
    )
      return undefined;
    return Math.min(...begun.map(([tap, { firstNs }]) => this.#clocks.rough(this.#pointOf[tap] as number, firstNs)));
  }

  /** The present packet of a tap had no room: what it saw around then is not complete. */
  #noRoom(tap: number): void {
    const ns = (this.#taps[tap] as HopTap).now[0] as number;
    const before = this.#holes.findLast((hole) => hole.tap === tap);
    if (before && ns >= before.fromNs && ns < before.toNs + MARGIN_NS) before.toNs = Math.max(ns, before.toNs);
    else this.unread(tap, ns, ns);
  }

  #isCounted(point: number, ns: number): boolean {
    const given = this.#clocks.given(point, ns);
    return given >= this.#counted[0] && given < this.#counted[1];
  }

  #msAt(ns: number): number {
    // To the microsecond: more does not fit into a double.
    return Math.round(this.#baseMs * 1e3 + ns / 1e3) / 1e3;
  }

  /** Counts and forgets packets that all points are past. */
  #sweep(untilNs: number): void {
    const points = this.#options.points.length;
    const isOld = (times: Float64Array, at: number): boolean => {
      // Not seen is no number, and not later than anything.
      for (let point = 0; point < points; point++)
        if (this.#clocks.rough(point, times[at + point] as number) > untilNs) return false;
      return true;
    };
    this.#sightings.each((times, at, backward, known, flow) => {
      if (!known) return;
      if (flow !== 0) this.#ours.add(flow);
      if (isOld(times, at)) this.#clocks.learn(times, at, backward);
    });
    this.#clocks.fit(Math.min(untilNs, this.#newest()));
    this.#times = this.#recordingTimes();
    this.#sightings.sweep(
      isOld,
      (packet) => this.#count(packet),
      (seen, backward) => this.#untangle(seen, backward),
    );
    if (this.#ours.size > MOST_CONNECTIONS) this.#ours.clear();
  }

  #untangle(seen: readonly (readonly number[])[], backward: boolean): ReturnType<Untangle> {
    const points = seen.length;
    const order = [...seen.keys()];
    if (backward) order.reverse();
    const common = order.map((point) => (seen[point] as readonly number[]).map((ns) => this.#clocks.common(point, ns)));
    const { packets, needless } = alikePackets(common, this.#clocks.uncertainNs(0, points - 1));
    const timesOf = (sightings: readonly number[]): readonly number[] => {
      const times = new Array<number>(points).fill(Number.NaN);
      for (const [step, index] of sightings.entries()) {
        const point = order[step] as number;
        if (index >= 0) times[point] = seen[point]?.[index] as number;
      }
      return times;
    };
    return { packets: packets.map(timesOf), needless: needless.map(timesOf) };
  }

  #count(packet: Sighted): void {
    if (packet.fading) return;
    if (!packet.known && !this.#ours.has(packet.flow)) {
      this.#others++;
      return;
    }
    const { times, at, backward } = packet;
    const points = this.#options.points.length;
    let [seen, before, beforeNs] = [0, -1, 0];
    let [firstNs, counts] = [0, true];
    for (let step = 0; step < points && counts; step++) {
      const point = backward ? points - 1 - step : step;
      const ns = times[at + point] as number;
      if (Number.isNaN(ns)) continue;
      const common = this.#clocks.common(point, ns);
      if (before === -1) {
        firstNs = common;
        counts = this.#isCounted(point, ns);
      } else if (!packet.alike && counts) this.#crossings.took(before, point, common - beforeNs);
      seen |= 1 << point;
      before = point;
      beforeNs = common;
    }
    if (!counts) return;
    const msOf = (ns: number): number => this.#msAt(this.#clocks.given(0, ns));
    // Points that do not know the connection by its own addresses could not see this packet of it either.
    const hidden = (this.#connections?.hiddenAt(packet.flow) ?? 0) & ~seen;
    const could = this.#times.at(firstNs) & ~hidden;
    const isLost = this.#crossings.add(packet, seen, could, () => Math.floor(msOf(firstNs) / 1e3));
    if (!isLost || packet.number === 0) return;
    const tap = packet.number % this.#taps.length;
    const number = Math.floor(packet.number / this.#taps.length);
    this.#options.lost?.({ point: before, tap, backward, number, atMs: msOf(beforeNs) });
  }

  /** By the clock of the first point. */
  #recordingTimes(): RecordingTimes {
    const { taps } = this.#options;
    const recorders = this.#taps.map(({ firstNs, newestNs }, tap) => {
      const point = this.#pointOf[tap] as number;
      const common = (ns: number): number => this.#clocks.common(point, ns);
      const recorded = taps?.[tap]?.recorded;
      const pieces = recorded
        ? recorded.map(([from, to]) => [common(this.#sinceBase(from)), common(this.#sinceBase(to))] as const)
        : Number.isFinite(firstNs)
          ? [[common(firstNs), common(newestNs)] as const]
          : [];
      return { point, pieces };
    });
    const holes = this.#holes.map(({ tap, fromNs, toNs }) => {
      const point = this.#pointOf[tap] as number;
      const [from, to] = [this.#clocks.common(point, fromNs), this.#clocks.common(point, toNs)];
      return { point, pieces: [[Number.NEGATIVE_INFINITY, from] as const, [to, Number.POSITIVE_INFINITY] as const] };
    });
    return new RecordingTimes([...recorders, ...holes], MARGIN_NS);
  }

  #newest(): number {
    return Math.max(0, ...this.#taps.map(({ newestNs }) => newestNs).filter(Number.isFinite));
  }
}
