import { z } from "zod";
import { defineEvidence } from "./evidence.ts";

/**
 * The routers on the way to one address. Declared here because the report lists them and several rules share their reading
 * (trace-text.ts); `probes/trace.ts` produces it.
 */

const hop = z.object({
  /** Time to live of the packets that end here: 1 is the first router. */
  ttl: z.number().int(),
  sent: z.number().int(),
  lost: z.number().int(),
  /** Who answered, most often first; none when nobody did. */
  addresses: z.array(z.object({ ip: z.string(), count: z.number().int() })),
  /** Median time until the answer. */
  rttMs: z.number().optional(),
});
export type Hop = z.infer<typeof hop>;

/** Subject: the vantage point that the packets leave. */
export const traceEvidence = defineEvidence(
  "trace",
  z.object({
    /** Address of the target. */
    target: z.string(),
    /** At which time to live the target itself answered last; absent while it has not. */
    distance: z.number().int().optional(),
    /** In the order of their distance. */
    hops: z.array(hop),
  }),
);
export type Trace = z.infer<typeof traceEvidence.schema>;
