import { type Share, wilson } from "../core/stats.ts";
import { readAddress } from "./address.ts";
import { CaptureReader, type PacketSink } from "./capture-reader.ts";
import { type ClockDifference, ClockPair } from "./clock-difference.ts";
import { Decoder } from "./decode.ts";
import { PacketIdentity } from "./packet-identity.ts";
import * as packetRegisters from "./packet-registers.ts";
import { Sightings } from "./sightings.ts";
import { Spread } from "./spread.ts";

const { DESTINATION, FAMILY, FRAGMENT, SOURCE, WHOLE } = packetRegisters;

/** A place on the path where packets were recorded. Points are given in the order in which packets cross them. */
export type HopPoint = {
  /** Names it in what comes out: `node-1/veth…`. */
  readonly id: string;
  /** Points of one node share a clock. */
  readonly node: string;
  /** When recording began and ended by this node's clock, ns since 1970; else the first and last packet say it. */
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
  /** Packets that the recorder says it lost. */
  readonly dropped?: number;
};

export type HopDirection = "forward" | "backward";

/** What happened between two neighbouring points in one direction. */
export type Hop = {
  readonly from: string;
  readonly to: string;
  readonly direction: HopDirection;
  /** Packets seen at `from` while `to` and all points behind were recording. */
  readonly sent: number;
  /** Those that were seen at `to`. */
  readonly seen: number;
  /** Seen neither at `to` nor behind it. */
  readonly lost: number;
  /** Not seen at `to`, but behind it: the network did not lose them, the recorder did. */
  readonly missed: number;
  /** Of those that reached a point behind `to`, how many `to` did not record: about as many of the lost may be its losses, too. */
  readonly missShare: Share;
  readonly lossShare: Share;
  /** What the recorder at `to` says it lost, packets. */
  readonly dropped: number;
  /** The smallest lost packet and the largest that got through, bytes of IP; 0 when there is none. */
  readonly smallestLost: number;
  readonly largestSeen: number;
  /** Time between the two, for those seen at both; `uncertainMs` is how far the clocks may be off. */
  readonly delayMs?: {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
    readonly uncertainMs: number;
  };
  /** Unix seconds by the clock of the first point, and how many were lost in each, ascending. */
  readonly lostAt: readonly (readonly [second: number, lost: number])[];
};

export type HopSummary = {
  readonly hops: readonly Hop[];
  /** Clocks of other nodes against that of the first point. */
  readonly clocks: readonly {
    readonly node: string;
    readonly offsetMs: number;
    readonly uncertainMs: number;
    readonly driftPpm: number;
  }[];
  /** Packets of neither end, or too short to be known again. */
  readonly strangers: number;
  readonly unidentified: number;
  /** Sightings that had no room, because some points were read far ahead of others: they count nowhere. */
  readonly refused: number;
};

/** A packet is given up when all points are this far ahead of it. */
const PATIENCE_NS = 20e9;
/** Packets this close to the beginning or end of a recording may have been missed by it. */
const MARGIN_NS = 1e9;
const MOST_PACKETS = 1 << 22;
const MAX_SECONDS = 100_000;

type Options = {
  readonly points: readonly HopPoint[];
  /** All addresses that packets of either end carry on the way: its own, those of its Service, and of whoever masks it. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** The largest IP packet that either end puts on the wire, bytes: larger ones are counted in pieces. */
  readonly mtu: number;
};

/**
 * Finds the same packet at all points of a path and counts, for each hop and direction, what was sent, seen and lost, and
 * how long it took. Captures are fed to `reader(point)`, best in pieces and in turn: a packet is kept until every point is 20 s
 * behind it, three million of them at most.
 */
export class HopMatching {
  readonly #options: Options;
  readonly #forward: AddressSet;
  readonly #backward: AddressSet;
  readonly #taps: readonly Tap[];
  readonly #totals: readonly HopTotals[];
  readonly #clocks: readonly { readonly node: string; readonly point: number; readonly pair: ClockPair }[];
  #differences: readonly ClockDifference[];
  readonly #sightings: Sightings;
  #countAtNs = 2 * PATIENCE_NS;
  #base: bigint | undefined;
  #refused = 0;

  constructor(options: Options) {
    this.#options = options;
    const { points } = options;
    this.#forward = new AddressSet(options.from);
    this.#backward = new AddressSet(options.to);
    this.#sightings = new Sightings(points.length, MOST_PACKETS);
    this.#taps = points.map((_, index) => new Tap(index, this));
    this.#totals = points.slice(1).flatMap(() => [new HopTotals(), new HopTotals()]);
    const first = points[0]?.node;
    const others = [...new Set(points.map(({ node }) => node))].filter((node) => node !== first);
    this.#clocks = others.map((node) => ({
      node,
      point: points.findIndex((point) => point.node === node),
      pair: new ClockPair(),
    }));
    this.#differences = this.#clocks.map(({ pair }) => pair.take());
  }

  /** Takes the capture of a point. */
  reader(point: number): CaptureReader {
    const tap = this.#taps[point];
    if (!tap) throw new RangeError(`no point ${point}: there are ${this.#taps.length}`);
    return tap.reader;
  }

  /** Everything that was found. No packets may follow. */
  finish(): HopSummary {
    this.#countUntil(Number.POSITIVE_INFINITY);
    const { points } = this.#options;
    return {
      hops: points.slice(1).flatMap((_, index) => [this.#hop(index, "forward"), this.#hop(index, "backward")]),
      clocks: this.#clocks.map(({ node }, index) => {
        const { at, uncertainNs, driftPpm } = this.#differences[index] as ClockDifference;
        return { node, offsetMs: at(this.#newest()) / 1e6, uncertainMs: uncertainNs / 1e6, driftPpm };
      }),
      strangers: this.#taps.reduce((sum, { strangers }) => sum + strangers, 0),
      unidentified: this.#taps.reduce((sum, { unidentified }) => sum + unidentified, 0),
      refused: this.#refused,
    };
  }

  /** For taps: the first packet of all is at 0. */
  sinceBase(ns: bigint): number {
    this.#base ??= ns;
    return Number(ns - this.#base);
  }

  /** For taps: which way a packet goes; undefined for those of others. */
  directionOf(registers: Int32Array): HopDirection | undefined {
    if (this.#forward.has(registers, SOURCE) || this.#backward.has(registers, DESTINATION)) return "forward";
    if (this.#backward.has(registers, SOURCE) || this.#forward.has(registers, DESTINATION)) return "backward";
    return undefined;
  }

  get mtu(): number {
    return this.#options.mtu;
  }

  /** For taps. */
  see(
    one: number,
    two: number,
    about: { readonly backward: boolean; readonly length: number },
    point: number,
    ns: number,
  ): void {
    if (!this.#sightings.see(one, two, about, point, ns)) this.#refused++;
  }

  /** For taps, now and then: counts the packets that have waited long enough. */
  advance(): void {
    for (const { aheadNs } of this.#taps) if (aheadNs < this.#countAtNs) return;
    this.#countUntil(this.#countAtNs - PATIENCE_NS);
    this.#countAtNs += PATIENCE_NS;
  }

  /** Counts and forgets packets that were seen before `aheadNs` behind the first packet of their point. */
  #countUntil(aheadNs: number): void {
    this.#compareClocks();
    const isOld = (times: Float64Array, at: number): boolean =>
      this.#taps.some(({ firstNs }, point) => (times[at + point] as number) - firstNs < aheadNs);
    this.#sightings.each((times, at, backward, alike, length) => {
      if (isOld(times, at)) this.#count(times, at, backward, alike, length);
    });
    this.#sightings.keep((times, at) => !isOld(times, at));
  }

  #compareClocks(): void {
    for (const { point, pair } of this.#clocks)
      this.#sightings.each((times, at, backward, alike) => {
        // The points on either side of where the clock changes: nothing else lies between them.
        const before = times[at + point - 1] as number;
        const after = times[at + point] as number;
        if (!alike && !Number.isNaN(before) && !Number.isNaN(after)) pair.add(before, after, backward);
      });
    this.#differences = this.#clocks.map(({ pair }) => pair.take());
  }

  /** A time of a point by the clock of the first one. */
  #common(point: number, ns: number): number {
    let common = ns;
    // From the far end to here: each difference is against the node before.
    for (let clock = this.#clocks.length - 1; clock >= 0; clock--) {
      if (point < (this.#clocks[clock] as { point: number }).point) continue;
      const { at } = this.#differences[clock] as ClockDifference;
      // The difference is known by the time that is looked for: a second look is exact to drift times drift.
      common -= at(common - at(common));
    }
    return common;
  }

  #count(times: Float64Array, at: number, backward: boolean, alike: boolean, length: number): void {
    const points = this.#taps.length;
    const order = (step: number): number => (backward ? points - 1 - step : step);
    let furthest = -1;
    for (let step = points - 1; step >= 0 && furthest < 0; step--)
      if (!Number.isNaN(times[at + order(step)] as number)) furthest = step;
    for (let step = 0; step + 1 < points && step <= furthest; step++) {
      const from = order(step);
      const to = order(step + 1);
      const left = times[at + from] as number;
      if (Number.isNaN(left)) continue;
      const leftNs = this.#common(from, left);
      if (!this.#recordedFrom(step + 1, leftNs, order)) continue;
      const totals = this.#totals[Math.min(from, to) * 2 + (backward ? 1 : 0)] as HopTotals;
      const arrived = times[at + to] as number;
      totals.sent++;
      if (furthest > step + 1) totals.beyond++;
      if (!Number.isNaN(arrived)) {
        totals.arrive(length);
        if (!alike) totals.took(this.#common(to, arrived) - leftNs);
      } else if (furthest > step) totals.missed++;
      else totals.lose(length, this.#secondOf(leftNs));
    }
  }

  /** Whether all points from `step` of the way on were recording at a time of the common clock. */
  #recordedFrom(step: number, ns: number, order: (step: number) => number): boolean {
    for (let later = step; later < this.#taps.length; later++) {
      const point = order(later);
      const { fromNs, toNs } = this.#window(point);
      if (!Number.isFinite(fromNs)) return false;
      if (ns < this.#common(point, fromNs) + MARGIN_NS || ns > this.#common(point, toNs) - MARGIN_NS) return false;
    }
    return true;
  }

  #window(point: number): { readonly fromNs: number; readonly toNs: number } {
    const { fromNs, toNs } = this.#options.points[point] as HopPoint;
    const tap = this.#taps[point] as Tap;
    return {
      fromNs: fromNs === undefined ? tap.firstNs : this.sinceBase(fromNs),
      toNs: toNs === undefined ? tap.newestNs : this.sinceBase(toNs),
    };
  }

  #newest(): number {
    return Math.max(0, ...this.#taps.map(({ newestNs }) => newestNs).filter(Number.isFinite));
  }

  #secondOf(ns: number): number {
    return Math.floor((Number((this.#base ?? 0n) / 1_000_000n) + ns / 1e6) / 1_000);
  }

  #hop(index: number, direction: HopDirection): Hop {
    const { points } = this.#options;
    const ends = [points[index] as HopPoint, points[index + 1] as HopPoint];
    const [from, to] = (direction === "forward" ? ends : ends.toReversed()) as [HopPoint, HopPoint];
    const totals = this.#totals[index * 2 + (direction === "forward" ? 0 : 1)] as HopTotals;
    const clock = this.#clocks.findIndex(({ point }) => point === index + 1);
    const uncertainNs = clock === -1 ? 0 : (this.#differences[clock] as ClockDifference).uncertainNs;
    return { from: from.id, to: to.id, direction, dropped: to.dropped ?? 0, ...totals.result(uncertainNs) };
  }
}

/** One point's packets on their way into the table. */
class Tap implements PacketSink {
  readonly reader: CaptureReader;
  strangers = 0;
  unidentified = 0;
  /** Of all that were seen here; infinite before the first. */
  firstNs = Number.POSITIVE_INFINITY;
  newestNs = Number.NEGATIVE_INFINITY;
  readonly #point: number;
  readonly #matching: HopMatching;
  readonly #decoder = new Decoder();
  readonly #identity = new PacketIdentity();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #offsetNs: number | undefined;

  constructor(point: number, matching: HopMatching) {
    this.#point = point;
    this.#matching = matching;
    this.reader = new CaptureReader(this);
  }

  /** How far this point has come since its first packet. */
  get aheadNs(): number {
    return this.newestNs - this.firstNs;
  }

  buffer(_bytes: Uint8Array, view: DataView): void {
    this.#view = view;
    this.#decoder.buffer(this.#view);
    this.#identity.buffer(this.#view);
  }

  packet(at: number, captured: number, original: number, link: number): void {
    const decoder = this.#decoder;
    const outcome = decoder.decode(at, captured, original, link);
    // Exact: whole numbers of nanoseconds up to 104 days.
    this.#offsetNs ??= this.#matching.sinceBase(this.reader.firstNs as bigint);
    const ns = this.#offsetNs + (this.reader.clock[0] as number);
    if (ns < this.firstNs) this.firstNs = ns;
    if (ns > this.newestNs) this.newestNs = ns;
    const registers = decoder.registers;
    const ip = outcome === WHOLE || outcome === FRAGMENT;
    const direction = ip ? this.#matching.directionOf(registers) : undefined;
    if (direction === undefined) {
      this.strangers++;
      return;
    }
    const pieces = this.#identity.of(registers, outcome, at + captured, this.#matching.mtu);
    if (pieces === 0) this.unidentified++;
    const { words, lengths } = this.#identity;
    for (let piece = 0; piece < pieces; piece++) {
      const about = { backward: direction === "backward", length: lengths[piece] as number };
      this.#matching.see(words[piece * 2] as number, words[piece * 2 + 1] as number, about, this.#point, ns);
    }
    this.#matching.advance();
  }

  gap(): void {}
}

/** Counts of one hop and direction. */
class HopTotals {
  sent = 0;
  missed = 0;
  /** Those that were seen behind the far point. */
  beyond = 0;
  #seen = 0;
  #lost = 0;
  #smallestLost = 0;
  #largestSeen = 0;
  readonly #lostAt = new Map<number, number>();
  readonly #took = new Spread();
  #longestNs = 0;

  took(ns: number): void {
    // Clocks that were compared to within a little may show an arrival before its departure.
    this.#took.add(Math.max(1, ns));
    if (ns > this.#longestNs) this.#longestNs = ns;
  }

  arrive(length: number): void {
    this.#seen++;
    if (length > this.#largestSeen) this.#largestSeen = length;
  }

  lose(length: number, second: number): void {
    this.#lost++;
    if (this.#lost === 1 || length < this.#smallestLost) this.#smallestLost = length;
    if (this.#lostAt.size < MAX_SECONDS || this.#lostAt.has(second))
      this.#lostAt.set(second, (this.#lostAt.get(second) ?? 0) + 1);
  }

  result(uncertainNs: number): Omit<Hop, "from" | "to" | "direction" | "dropped"> {
    const [p50, p99] = [this.#took.quantile(0.5), this.#took.quantile(0.99)];
    return {
      sent: this.sent,
      seen: this.#seen,
      lost: this.#lost,
      missed: this.missed,
      missShare: wilson(this.missed, this.beyond),
      lossShare: wilson(this.#lost, this.sent),
      smallestLost: this.#smallestLost,
      largestSeen: this.#largestSeen,
      ...(p50 === undefined || p99 === undefined
        ? {}
        : {
            delayMs: {
              p50: p50 / 1e6,
              p99: p99 / 1e6,
              max: this.#longestNs / 1e6,
              uncertainMs: uncertainNs / 1e6,
            },
          }),
      lostAt: [...this.#lostAt].sort(([one], [other]) => one - other),
    };
  }
}

/** Addresses that the decoder's registers can be asked for. */
class AddressSet {
  readonly #marks = new Set<number>();

  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const address = readAddress(text);
      if (!address) throw new RangeError(`not an address: ${text}`);
      this.#marks.add(
        markOf(address.words[0] ?? 0, address.words[1] ?? 0, address.words[2] ?? 0, address.words[3] ?? 0),
      );
    }
  }

  has(registers: Int32Array, at: number): boolean {
    const first = registers[at] as number;
    if (registers[FAMILY] === 4) return this.#marks.has(markOf(first, 0, 0, 0));
    const [second, third, fourth] = [
      registers[at + 1] as number,
      registers[at + 2] as number,
      registers[at + 3] as number,
    ];
    return this.#marks.has(markOf(first, second, third, fourth));
  }
}

/** IPv4 addresses are their own marks; of IPv6 it is as good as certain that two differ. */
function markOf(first: number, second: number, third: number, fourth: number): number {
  return first ^ Math.imul(second, 0x9e3779b1) ^ Math.imul(third, 0x85ebca6b) ^ Math.imul(fourth, 0xc2b2ae35);
}
