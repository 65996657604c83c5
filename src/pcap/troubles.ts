import { clientOf, flowEnds } from "./flow-ends.ts";
import type { Slot } from "./flow-layout.ts";
import * as layout from "./flow-layout.ts";
import type { ServiceTotals, Trouble } from "./service-totals.ts";
import {
  FILLED,
  OVERTAKEN,
  RESET,
  SENT_AFTER_ACKS,
  SENT_AFTER_TIMEOUT,
  SENT_AGAIN,
  SENT_NEEDLESSLY,
  type TimeLines,
  TOLD_TOO_BIG,
  WINDOW_CLOSED,
} from "./time-lines.ts";

const {
  ACKED,
  AGAIN_TIMES,
  BEGAN,
  COUNTERS,
  DIRECTION_WORDS,
  DIRECTIONS,
  FIRST_PACKET,
  FLAGS,
  FLOW_ESTABLISHED,
  FLOW_REFUSED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FLOW_TOO_BIG,
  FLOW_TOO_BIG_1,
  FLOW_TOO_BIG_AGAIN,
  FLOW_UNREACHABLE,
  FULL_NS,
  FULL_SINCE,
  NEWEST,
  NEWEST_ACK,
  OTHER_TTL,
  OUT_OF_ORDER,
  PACKETS,
  RESET_BY_1,
  RESET_IDLE,
  RESET_ODD,
  RESET_OF_SYN,
  RESET_PACKET,
  RESET_STATE,
  RESET_TTL,
  RESET_WENT_ON,
  RESET_WITH_DATA,
  RETRANSMISSIONS,
  SPURIOUS,
  STALL_BEGAN,
  STALL_BY_1,
  STALL_KIND,
  STALL_LONGEST,
  STALL_NO_ACK,
  STALL_PACKET,
  STUCK_LENGTH,
  STUCK_TIMES,
  TIME_LINE,
  TOO_BIG_AT,
  TTLS,
  WAITS_SINCE,
  ZERO_NS,
  ZERO_SINCE,
} = layout;

/** A SYN that has waited for less may still be answered. */
const UNANSWERED_NS = 1e9;
const STALL_NS = 1e9;
/** A connection is held back by its receiver when it waits for so much of its time. */
const FULL_SHARE = 0.1;
/** A segment that was sent so often again was sent to somebody who is gone. */
const LEAST_IN_VAIN = 3;
/** Flags that say how far the opening of a connection went. */
export const OPENING = FLOW_SYN | FLOW_SYN_ACK | FLOW_REFUSED | FLOW_ESTABLISHED;

/** Events that show where a trouble began. */
const NO_EVENTS: readonly number[] = [];
const RESENT = [SENT_AFTER_TIMEOUT, SENT_AFTER_ACKS, SENT_AGAIN];
const NEEDLESS = [SENT_NEEDLESSLY];
const REORDERED = [OVERTAKEN];
const CLOSED = [WINDOW_CLOSED];
const FULL = [FILLED];
const RESETS_SEEN = [RESET];
const TOLD = [TOLD_TOO_BIG];

/** Adds what is wrong with a connection to its service, which remembers the worst one of each kind. */
export class Troubles {
  readonly #lines: TimeLines;
  /** SYNs for whose answer there was no time before the capture ended. */
  open = 0;

  constructor(lines: TimeLines) {
    this.#lines = lines;
  }

  /**
   * One that was not opened before `until`, or begun before the capture: `silent` tells that nothing came back,
   * `acknowledges` that the client said that something did. True when it failed.
   */
  unopened(
    service: ServiceTotals,
    slot: Slot,
    {
      silent,
      acknowledges,
      until,
    }: { readonly silent: boolean; readonly acknowledges: boolean; readonly until: number },
  ): boolean {
    const { words, at, times, timesAt } = slot;
    const client = clientOf(words, at);
    const flags = words[at + FLAGS] as number;
    const waited = until - (times[timesAt + BEGAN] as number) >= UNANSWERED_NS;
    const packets = (side: number): number =>
      words[at + DIRECTIONS + side * DIRECTION_WORDS + COUNTERS + PACKETS] as number;
    if ((flags & FLOW_REFUSED) !== 0) {
      service.refused++;
      const newest = times[timesAt + NEWEST] as number;
      this.#example(service, slot, "refused", 1, 1 - client, NO_EVENTS, newest, words[at + RESET_PACKET] as number);
    } else if (silent && (flags & FLOW_UNREACHABLE) !== 0) {
      service.refused++;
      service.refusedByIcmp++;
      this.#example(service, slot, "refused", 1, 1 - client, NO_EVENTS);
    } else if (silent && !waited) {
      this.open++;
      return false;
    } else if (silent) {
      service.silent++;
      this.#example(service, slot, "unanswered", packets(client), client, NO_EVENTS);
    } else {
      const answered = (flags & OPENING) === (FLOW_SYN | FLOW_SYN_ACK);
      if (!answered || acknowledges || !waited || words[at + RESET_STATE] !== 0) return false;
      service.halfOpen++;
      this.#example(service, slot, "halfOpen", packets(1 - client), client, NO_EVENTS);
    }
    return true;
  }

  /** It took so long to open, from its first SYN on. */
  slowHandshake(service: ServiceTotals, slot: Slot, tookNs: number): void {
    service.slowHandshakes++;
    service.longestHandshakeNs = Math.max(service.longestHandshakeNs, tookNs);
    this.#example(service, slot, "handshake", tookNs, clientOf(slot.words, slot.at), NO_EVENTS);
  }

  /** What one direction sent; `both` tells that its ACKs could be seen. */
  side(service: ServiceTotals, slot: Slot, direction: number, both: boolean): void {
    const { words, at, times, timesAt } = slot;
    const block = at + DIRECTIONS + direction * DIRECTION_WORDS;
    const double = block >> 1;
    const first = block + COUNTERS;
    const spurious = words[first + SPURIOUS] as number;
    const syns = ((words[at + TTLS] as number) >>> (16 + direction * 8)) & 255;
    service.synsAgain += syns;
    // One segment again and again until the end is no loss among others: nobody is there any more.
    const again = words[block + AGAIN_TIMES] as number;
    const inVain = again >= LEAST_IN_VAIN ? again : 0;
    service.inVain += inVain;
    const resent = (words[first + RETRANSMISSIONS] as number) - spurious - syns - inVain;
    const overtaken = words[first + OUT_OF_ORDER] as number;
    if (resent > 0) this.#example(service, slot, "loss", resent, direction, RESENT);
    if (spurious > 0) this.#example(service, slot, "spurious", spurious, direction, NEEDLESS);
    if (overtaken > 0) this.#example(service, slot, "reordering", overtaken, direction, REORDERED);
    const end = times[timesAt + NEWEST] as number;
    const zero = (times[double + ZERO_NS] as number) + openEnd(times[double + ZERO_SINCE] as number, end);
    const full = (times[double + FULL_NS] as number) + openEnd(times[double + FULL_SINCE] as number, end);
    if (zero > 0) {
      service.zeroNs += zero;
      service.zeroConnections++;
      this.#example(service, slot, "zero", zero, direction, CLOSED);
    }
    if (full > 0) {
      service.fullNs += full;
      service.fullConnections++;
      if (full >= FULL_SHARE * (end - (times[timesAt + BEGAN] as number)))
        this.#example(service, slot, "full", full, direction, FULL);
    }
    if (!both) return;
    const stuck = words[block + STUCK_TIMES] as number;
    if (stuck >= 2) {
      service.blackHoles++;
      if (((words[at + FLAGS] as number) & FLOW_TOO_BIG) !== 0) service.blackHolesTold++;
      service.blackHoleBytes = Math.max(service.blackHoleBytes, words[block + STUCK_LENGTH] as number);
      this.#example(service, slot, "blackHole", stuck, direction, RESENT);
    } else this.#tooBig(service, slot, direction);
    // It waits for an ACK that has not come when the connection is seen last.
    const since = times[double + WAITS_SINCE] as number;
    if (((words[at + FLAGS] as number) & OPENING) === (FLOW_SYN | FLOW_SYN_ACK)) return;
    if (since > 0 && end - since >= STALL_NS) {
      service.stalls++;
      this.#example(service, slot, "stall", end - since, 1 - direction, RESENT);
    }
  }

  /** The longest silence while something was waited for. */
  silence(service: ServiceTotals, slot: Slot): void {
    const { words, at, times, timesAt } = slot;
    const kind = words[at + STALL_KIND] as number;
    const side = (kind & STALL_BY_1) !== 0 ? 1 : 0;
    const trouble = (kind & ~STALL_BY_1) === STALL_NO_ACK ? "stall" : "slow";
    if (trouble === "stall") service.stalls++;
    else service.slowAnswers++;
    const began = times[timesAt + STALL_BEGAN] as number;
    const packet = words[at + STALL_PACKET] as number;
    this.#example(service, slot, trouble, times[timesAt + STALL_LONGEST] as number, side, NO_EVENTS, began, packet);
  }

  reset(service: ServiceTotals, slot: Slot): void {
    const { words, at } = slot;
    const client = clientOf(words, at);
    const state = words[at + RESET_STATE] as number;
    const side = (state & RESET_BY_1) !== 0 ? 1 : 0;
    const found = state & ~RESET_BY_1;
    // Another number of hops alone may be another way; kernels and load balancers answer with other TTLs of their own.
    const about = words[at + RESET_TTL] as number;
    const usual = ((words[at + TTLS] as number) >> (side * 8)) & 255;
    const block = words[at + DIRECTIONS + side * DIRECTION_WORDS] as number;
    const otherTtl = usual !== 0 && usual !== (about & 255) && (block & OTHER_TTL) === 0 && found !== RESET_OF_SYN;
    const wentOn = (about & RESET_WENT_ON) !== 0;
    const odd = (about & RESET_ODD) !== 0;
    if ((otherTtl ? 1 : 0) + (odd ? 1 : 0) + (wentOn ? 1 : 0) >= 2) {
      service.foreignResets++;
      if (wentOn) service.foreignCertain++;
      this.#example(service, slot, "foreignReset", wentOn ? 2 : 1, side, RESETS_SEEN);
      return;
    }
    // A client that ends a connection by a reset after everything has arrived does no harm.
    if (found === RESET_WITH_DATA) service.resetsWithData++;
    else if (found === RESET_IDLE && side !== client && ((words[at + FLAGS] as number) & FLOW_SYN) !== 0)
      service.resetsIdle++;
    else return;
    if (otherTtl) service.resetsOtherTtl++;
    this.#example(service, slot, "reset", found === RESET_WITH_DATA ? 2 : 1, side, RESETS_SEEN);
  }

  /** What a router calls too big is sent in smaller pieces: that is no trouble, unless it is not. */
  #tooBig(service: ServiceTotals, slot: Slot, direction: number): void {
    const { words, at } = slot;
    const flags = words[at + FLAGS] as number;
    const sender = (flags & FLOW_TOO_BIG_1) !== 0 ? 1 : 0;
    if ((flags & FLOW_TOO_BIG_AGAIN) === 0 || sender !== direction) return;
    const other = at + DIRECTIONS + (1 - direction) * DIRECTION_WORDS;
    const beyond = ((words[other + NEWEST_ACK] as number) - (words[at + TOO_BIG_AT] as number)) | 0;
    if (((words[other] as number) & ACKED) !== 0 && beyond > 0) return;
    service.tooBig++;
    this.#example(service, slot, "tooBig", 1, direction, TOLD);
  }

  /**
   * Remembers a connection when it is the worst so far. Where it began to show is `atNs` and `packet`, or the first event of
   * its time line that is one of `events`.
   */
  #example(
    service: ServiceTotals,
    { words, at, times, timesAt }: Slot,
    trouble: Trouble,
    score: number,
    side: number,
    events: readonly number[],
    atNs?: number,
    packet?: number,
  ): void {
    if (score <= (service.examples.get(trouble)?.score ?? 0)) return;
    const event = this.#lines.of(words, at + TIME_LINE).find((one) => events.includes(one.event));
    service.examples.set(trouble, {
      score,
      ends: flowEnds(words, at),
      by: side === clientOf(words, at) ? "client" : "server",
      atNs: atNs ?? event?.atNs ?? (times[timesAt + BEGAN] as number),
      packet: packet ?? event?.packet ?? (words[at + FIRST_PACKET] as number),
    });
  }
}

/** How long something lasts that has not ended when the connection is seen last. */
function openEnd(since: number, end: number): number {
  return since > 0 ? Math.max(0, end - since) : 0;
}
