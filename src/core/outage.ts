import { z } from "zod";

/** A stretch of time, Unix milliseconds; without `fromMs` it began before the first reading, without `toMs` it lasted to the end. */
export const outageSchema = z.object({ fromMs: z.number().optional(), toMs: z.number().optional() });
export type Outage = z.infer<typeof outageSchema>;

export function isDuring(outages: readonly Outage[], atMs: number): boolean {
  return outages.some(({ fromMs = 0, toMs = Number.POSITIVE_INFINITY }) => atMs >= fromMs && atMs <= toMs);
}

/**
 * The stretches in which something may have been out of order, by readings in the order of time: each lasts from the last
 * reading before that shows it well, to the first one after. `well` says whether it is, and not just again.
 */
export function outagesOf<T extends { readonly atMs: number }>(
  readings: readonly T[],
  well: (reading: T, before: T | undefined) => boolean,
): readonly Outage[] {
  const outages: Outage[] = [];
  let open: { fromMs?: number; toMs?: number } | undefined;
  for (const [index, reading] of readings.entries()) {
    const before = readings[index - 1];
    if (!open && !well(reading, before)) {
      open = before ? { fromMs: before.atMs } : {};
      outages.push(open);
    }
    if (open && well(reading, undefined)) {
      open.toMs = reading.atMs;
      open = undefined;
    }
  }
  return outages;
}
