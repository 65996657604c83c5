import { z } from "zod";
import { crossingsSchema } from "./crossings.ts";
import { type ChainPoint, type Hop, hopsOf, type Left } from "./hop-chain.ts";

/** A place on the path where packets were recorded. Points are given in the order in which packets cross them. */
export type HopPoint = ChainPoint & {
  /** Points of one node share a clock. */
  readonly node: string;
  /** How far this node's clock is known to be ahead of ours, ns. */
  readonly aheadNs?: number;
};

const count = z.number().int().nonnegative();
const ms = z.number();

/** What matching has found in a piece of time. */
export const matchedSchema = crossingsSchema.extend({
  /** Clocks of other nodes against that of the first point; without those that nothing could be said about. */
  clocks: z.array(z.object({ node: z.string(), offsetMs: ms, uncertainMs: ms, driftPpm: ms })),
  /** Packets of neither end, or of one end and somebody else; and those too short to be known again. */
  strangers: count,
  unidentified: count,
  /**
   * Sightings that had no room, because there were too many packets or points were read far apart: those times are not
   * judged there. And those of packets of which more than 64 within some seconds look the same: they count nowhere.
   */
  refused: count,
});
export type Matched = z.infer<typeof matchedSchema>;

export type HopSummary = Omit<Matched, "crossings" | "took" | "uncounted"> & {
  readonly hops: readonly Hop[];
  /** Points that say nothing about some direction. */
  readonly left: readonly Left[];
};

/** Hops by what was matched, in one piece of time or in several together. */
export function hopSummary(points: readonly HopPoint[], matched: Matched): HopSummary {
  const { crossings: _crossings, took: _took, uncounted, ...about } = matched;
  const uncertain = new Map(matched.clocks.map(({ node, uncertainMs }) => [node, uncertainMs]));
  const nodeOf = (point: number): string => points[point]?.node ?? "";
  const uncertainMs = (from: number, to: number): number | undefined => {
    if (nodeOf(from) === nodeOf(to)) return 0;
    const far = [nodeOf(from), nodeOf(to)].filter((node) => node !== points[0]?.node);
    return far.reduce<number | undefined>((sum, node) => {
      const one = uncertain.get(node);
      return one === undefined || sum === undefined ? undefined : sum + one;
    }, 0);
  };
  return { ...about, refused: about.refused + uncounted, ...hopsOf(points, matched, uncertainMs) };
}
