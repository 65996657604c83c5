import { z } from "zod";
import type { Sample } from "./probe.ts";

const counts = z.record(z.string(), z.number());

/**
 * What counters gained over a check, and between one reading and the next, so that it can be compared with the seconds in
 * which packets went wrong. Only counters that moved; Unix milliseconds of the node's clock.
 */
export const gainsSchema = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  gained: counts,
  steps: z.array(z.object({ fromMs: z.number(), toMs: z.number(), gained: counts })),
});
export type Gains = z.infer<typeof gainsSchema>;

/**
 * Differences between the samples that could be parsed. A counter that fell was reset (a device made anew, a node that
 * booted, 32 bits that wrapped): what it shows then is all it has gained since. The first sample alone is baseline: nothing was gained.
 */
export function gainsOf(
  samples: readonly Sample[],
  parse: (stdout: string) => Readonly<Record<string, number>> | undefined,
): Gains | undefined {
  const parsed = samples.flatMap(({ atMs, exitCode, stdout }) => {
    const values = exitCode === 0 ? parse(stdout) : undefined;
    return values ? [{ atMs, values }] : [];
  });
  const [first, ...later] = parsed;
  if (!first) return undefined;
  let before = first;
  const total: Record<string, number> = {};
  const steps = later.map(({ atMs, values }) => {
    const gained: Record<string, number> = {};
    for (const [name, value] of Object.entries(values)) {
      // Tools that hide zeros show a counter for the first time when it moves.
      const start = before.values[name] ?? 0;
      const difference = value >= start ? value - start : value;
      if (difference === 0) continue;
      gained[name] = difference;
      total[name] = (total[name] ?? 0) + difference;
    }
    const step = { fromMs: before.atMs, toMs: atMs, gained };
    before = { atMs, values };
    return step;
  });
  return { fromMs: first.atMs, toMs: (later.at(-1) ?? first).atMs, gained: total, steps };
}

/** Readings and packets are timed by different processes of a node: they are compared to within 2 s. */
const NEAR_MS = 2_000;

/** How much of a counter's gain fell into intervals that hold a bad second, and how much did not. */
export function gainedDuring(
  { steps }: Gains,
  name: string,
  badSeconds: ReadonlySet<number>,
): { readonly inside: number; readonly outside: number } {
  let inside = 0;
  let outside = 0;
  for (const { fromMs, toMs, gained } of steps) {
    const amount = gained[name] ?? 0;
    if (amount === 0) continue;
    let bad = false;
    for (let ms = fromMs - NEAR_MS; ms <= toMs + NEAR_MS; ms += 1_000) bad ||= badSeconds.has(Math.floor(ms / 1_000));
    if (bad) inside += amount;
    else outside += amount;
  }
  return { inside, outside };
}
