/**
 * One measured figure, printed as one JSON line (DESIGN §8). `against` names what `ratio` compares with; `wanted` is what it
 * should be, and `met` tells whether it is.
 */
export type Figure = {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly against?: string;
  readonly ratio?: number;
  readonly wanted?: string;
  readonly met?: boolean;
};

/** A measurement of speed or size: a name to ask for it, and figures as they become known. */
export type Bench = {
  readonly name: string;
  readonly run: () => AsyncIterable<Figure>;
};

/** The q-th quantile (0 to 1) of unsorted values, by the nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}
