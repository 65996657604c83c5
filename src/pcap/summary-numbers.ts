import type { Spread } from "./spread.ts";

/** Milliseconds. */
export type Quantiles = { readonly p50: number; readonly p90: number; readonly p99: number };

/** Of nanoseconds; to the microsecond. */
export const milliseconds = (ns: number): number => Math.round(ns / 1e3) / 1e3;

/** Absent where nothing was counted. */
export const meanOf = (ns: number, count: number): number | undefined =>
  count > 0 ? milliseconds(ns / count) : undefined;

/** A member that is absent where there is no value. */
export function named<Name extends string, T>(name: Name, value: T | undefined): { readonly [K in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [K in Name]?: T };
}

/** Absent without values; three digits, since they are right to within some per cent. */
export function quantilesOf(spread: Spread): Quantiles | undefined {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((q) => spread.quantile(q));
  if (p50 === undefined || p90 === undefined || p99 === undefined) return undefined;
  const ms = (ns: number): number => Number((ns / 1e6).toPrecision(3));
  return { p50: ms(p50), p90: ms(p90), p99: ms(p99) };
}
