import type { FlowEnds } from "./flow-ends.ts";
import { FlowKeys } from "./flow-keys.ts";
import { passes } from "./packet-filter.ts";
import type { PacketAt } from "./tap-packets.ts";

/** So many connections with findings are chosen one by one, the worst first. */
const MOST_FLOWS = 64;
/** Seconds before and after a moment that somebody will want to see. */
const AROUND_S = 10;
/** More seconds than these are not told apart: 11 days. */
const MOST_SECONDS = 1_000_000;

type Size = { packets: number; bytes: number };

/** Something that somebody will want to see: a connection, or a moment (nanoseconds since the base), or both. The worst first. */
export type Point = { readonly flow?: FlowEnds | undefined; readonly atNs?: number | undefined };

/**
 * Chooses what is kept when not all fits: packets with comments, then whole connections with findings, then seconds around
 * moments from within outwards, then what comes first. All packets are shown to it twice: `weigh`, `chooseFlows`, `weigh`,
 * `chooseSeconds`; then `wants` knows. When all fits, `all` is true behind the first.
 */
export class MergeChoice {
  readonly #points: readonly Point[];
  readonly #flows: readonly { readonly ends: FlowEnds; readonly keys: FlowKeys; readonly size: Size }[];
  readonly #anyFlow: FlowKeys;
  readonly #room: number;
  #left: number;
  #commentsFit = true;
  readonly #commented: Size = { packets: 0, bytes: 0 };
  readonly #bySecond = new Map<number, Size>();
  #chosenFlows: FlowKeys | undefined;
  readonly #chosenSeconds = new Set<number>();
  readonly total: Size = { packets: 0, bytes: 0 };
  all = false;
  /** What was chosen, for the words about it. */
  readonly flows: FlowEnds[] = [];
  secondsAround = 0;
  firstSeconds = 0;

  constructor(points: readonly Point[], room: number) {
    this.#points = points;
    this.#room = Math.max(0, room);
    this.#left = this.#room;
    const distinct = new Map<string, FlowEnds>();
    for (const { flow } of points) if (flow) distinct.set(`${flow.client} ${flow.server}`, flow);
    const flows = [...distinct.values()].slice(0, MOST_FLOWS);
    this.#flows = flows.map((ends) => ({ ends, keys: new FlowKeys([ends]), size: { packets: 0, bytes: 0 } }));
    this.#anyFlow = new FlowKeys(flows);
  }

  /** First round: a packet of so many bytes in the file. */
  weigh(packet: PacketAt, bytes: number, commented: boolean): void {
    add(this.total, bytes);
    if (commented) add(this.#commented, bytes);
    if (!belongs(this.#anyFlow, packet)) return;
    const flow = this.#flows.find(({ keys }) => belongs(keys, packet));
    if (flow) add(flow.size, bytes);
  }

  chooseFlows(): void {
    this.all = this.total.bytes <= this.#room;
    this.#commentsFit = this.#commented.bytes <= this.#room;
    if (this.#commentsFit) this.#left -= this.#commented.bytes;
    for (const { ends, size } of this.#flows) {
      if (size.packets === 0 || size.bytes > this.#left) continue;
      this.flows.push(ends);
      this.#left -= size.bytes;
    }
    this.#chosenFlows = new FlowKeys(this.flows);
  }

  /** Second round: what no chosen connection brings along. */
  weighAgain(packet: PacketAt, bytes: number, commented: boolean): void {
    if ((commented && this.#commentsFit) || this.#isOfChosen(packet)) return;
    const second = secondOf(packet);
    const size = this.#bySecond.get(second);
    if (size) add(size, bytes);
    else if (this.#bySecond.size < MOST_SECONDS) this.#bySecond.set(second, { packets: 1, bytes });
  }

  chooseSeconds(): void {
    for (const { atNs } of this.#points) {
      if (atNs === undefined) continue;
      const middle = Math.floor(atNs / 1e9);
      for (let away = 0; away <= AROUND_S; away++) {
        const fitted = [middle - away, middle + away].filter((second) => this.#choose(second));
        this.secondsAround += new Set(fitted).size;
      }
    }
    for (const second of [...this.#bySecond.keys()].toSorted((one, other) => one - other)) {
      if (this.#chosenSeconds.has(second)) continue;
      if (!this.#choose(second)) break;
      this.firstSeconds++;
    }
  }

  wants(packet: PacketAt, commented: boolean): boolean {
    if (this.all || (commented && this.#commentsFit)) return true;
    return this.#isOfChosen(packet) || this.#chosenSeconds.has(secondOf(packet));
  }

  #isOfChosen(packet: PacketAt): boolean {
    return this.#chosenFlows !== undefined && belongs(this.#chosenFlows, packet);
  }

  /** True when a second that has packets was chosen now. */
  #choose(second: number): boolean {
    const size = this.#bySecond.get(second);
    if (!size || this.#chosenSeconds.has(second) || size.bytes > this.#left) return false;
    this.#chosenSeconds.add(second);
    this.#left -= size.bytes;
    return true;
  }
}

function add(size: Size, bytes: number): void {
  size.packets++;
  size.bytes += bytes;
}

const secondOf = ({ ns }: PacketAt): number => Math.floor(ns / 1e9);

function belongs(keys: FlowKeys, { registers, view, outcome, at, captured }: PacketAt): boolean {
  return passes(
    (words, source, destination) => keys.has(words, source, destination),
    registers,
    view,
    outcome,
    at + captured,
  );
}
