import type { Window } from "./check.ts";
import type { Leg } from "./plan.ts";

/**
 * How fast the streams of a check go. Each leg has its own, slightly odd interval: a fault that hits every n-th packet
 * of a NIC would otherwise march in step with our packets and show on some legs always and on others never.
 */

/** Packets per leg that a long check is held to; beyond it the pace slows down. */
const MAX_PINGS = 6_000;
const MAX_CONNECTS = 3_000;
/** Fractional part of the golden ratio: its multiples never repeat and fill an interval evenly. */
const GOLDEN = 0.618034;

/** Milliseconds between two echoes of leg `index`: 187–213 ms, longer for checks above 20 minutes. */
export function pingIntervalMs(index: number, window: Window): number {
  const slowest = Math.max(1, (window.endMs - window.startMs) / (MAX_PINGS * 200));
  return Math.round((187 + 26 * ((index * GOLDEN) % 1)) * slowest);
}

/** A connect costs seven times what an echo does: legs that are only compared with get fewer. */
const CONTROL_TIMES = 4;

/** Milliseconds between two TCP connects of leg `index`: 470–530 ms (controls 1.9–2.1 s), longer above 25 minutes. */
export function connectIntervalMs(index: number, window: Window, { part }: Pick<Leg, "part">): number {
  const slowest = Math.max(1, (window.endMs - window.startMs) / (MAX_CONNECTS * 500));
  const times = part === "control" ? CONTROL_TIMES : 1;
  return Math.round((470 + 60 * ((index * GOLDEN) % 1)) * slowest * times);
}

/** How many packets of this interval a window holds, with some to spare for a late start. */
export function packetsIn(window: Window, intervalMs: number): number {
  return Math.ceil((window.endMs - window.startMs) / intervalMs) + Math.ceil(15_000 / intervalMs);
}

/**
 * The ICMP identifier of a leg's echoes (1 to 65535), so that a tap tells them from each other and from other checks'.
 * `index` is below 64; the rest comes from the check's id.
 */
export function echoId(check: string, index: number): number {
  let hash = 7;
  for (const char of check) hash = (hash * 31 + char.charCodeAt(0)) % 1_021;
  return (hash + 1) * 64 + (index % 64);
}
