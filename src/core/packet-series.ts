/**
 * What happened to each packet of a stream, small enough to travel with the evidence: one character per packet for
 * its round trip (about 2 % resolution) and one small integer for when it left.
 */

/** Characters of a series that are not a round trip. */
export const LOST = "!";
export const UNKNOWN = " ";

const FIRST_CODE = 35;
const STEPS_PER_OCTAVE = 16;
const OCTAVES = 22;
const LAST_CODE = FIRST_CODE + STEPS_PER_OCTAVE * OCTAVES;
const FLOOR_MS = 0.01;
/** Times are kept in tenths of a millisecond. */
const TICKS_PER_MS = 10;

/** One character for a round-trip time between 0.01 ms and 42 s. */
export function encodeMs(ms: number): string {
  const steps = Math.round(STEPS_PER_OCTAVE * Math.log2(Math.max(ms, FLOOR_MS) / FLOOR_MS));
  return String.fromCharCode(Math.min(LAST_CODE, FIRST_CODE + steps));
}

const decoded = Float64Array.from(
  { length: LAST_CODE - FIRST_CODE + 1 },
  (_, step) => FLOOR_MS * 2 ** (step / STEPS_PER_OCTAVE),
);

/** The round-trip time of packet `index` of a series in milliseconds; undefined when it was lost or is not known. */
export function msAt(series: string, index: number): number | undefined {
  return decoded[series.charCodeAt(index) - FIRST_CODE];
}

/**
 * Times of packets (Unix ms) against an even pace, as differences in tenths of a millisecond; null = no time known.
 * An even stream becomes a list of small numbers, whatever its length.
 */
export function encodeTimes(
  times: readonly (number | undefined)[],
  { startMs, stepMs }: { readonly startMs: number; readonly stepMs: number },
): (number | null)[] {
  let previous = 0;
  return times.map((time, index) => {
    if (time === undefined) return null;
    const deviation = Math.round((time - startMs - index * stepMs) * TICKS_PER_MS);
    const difference = deviation - previous;
    previous = deviation;
    return difference;
  });
}

/** The inverse of `encodeTimes`, Unix milliseconds. */
export function decodeTimes(
  encoded: readonly (number | null)[],
  { startMs, stepMs }: { readonly startMs: number; readonly stepMs: number },
): (number | undefined)[] {
  let deviation = 0;
  return encoded.map((difference, index) => {
    if (difference === null) return undefined;
    deviation += difference;
    return startMs + index * stepMs + deviation / TICKS_PER_MS;
  });
}
