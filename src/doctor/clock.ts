import type { ClockEstimate } from "../core/node-clock.ts";
import { durationText } from "../core/units.ts";

export const SET_CLOCK = "timedatectl set-ntp true (or systemctl restart chronyd); chronyc tracking shows the offset.";

/** `2 min ahead of`. */
export const apartText = (aheadMs: number): string =>
  `${durationText(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"}`;

/** A Date header has whole seconds. */
const HEADER_ERROR_MS = 500;

/** How far a server's clock is ahead, from the Date header of its answer; undefined when there is none. Unix milliseconds. */
export function clockOfHeader(
  date: string | null | undefined,
  { sentMs, gotMs }: { readonly sentMs: number; readonly gotMs: number },
): ClockEstimate | undefined {
  const dateMs = Date.parse(date ?? "");
  if (Number.isNaN(dateMs)) return undefined;
  return {
    offsetEstimateMs: dateMs + HEADER_ERROR_MS - (sentMs + gotMs) / 2,
    offsetErrorMs: HEADER_ERROR_MS + (gotMs - sentMs) / 2,
  };
}
