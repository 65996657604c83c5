import { z } from "zod";
import { gapSchema } from "./plan.ts";
import { textSchema } from "./sentence.ts";

/** What a running check can say about itself; kept in Redis by the worker, drawn by the bot. `rev` only grows. */
export const progressSchema = z.object({
  check: z.string(),
  cluster: z.string(),
  rev: z.number().int(),
  atMs: z.number(),
  /** host:pid of the worker that wrote it. */
  worker: z.string(),
  phase: z.enum(["queued", "resolving", "starting", "measuring", "finishing", "done"]),
  window: z.object({ startMs: z.number(), endMs: z.number() }).optional(),
  /** Steps as people see them: "Resolve targets", "Ping on 18 legs" … */
  steps: z.array(
    z.object({
      id: z.string(),
      title: textSchema,
      status: z.enum(["pending", "in_progress", "complete", "error"]),
      detail: textSchema.optional(),
    }),
  ),
  /** Loss and latency of the asked path so far. */
  soFar: z
    .object({ sent: z.number(), lost: z.number(), p50Ms: z.number().optional(), maxMs: z.number().optional() })
    .optional(),
  /** The first thing found wrong, said once. */
  firstFinding: z.object({ atMs: z.number(), text: z.string() }).optional(),
  /** A trouble that is not an end: "cannot reach cluster X since 12 s; measuring continues on the nodes". */
  trouble: textSchema.optional(),
});
export type Progress = z.infer<typeof progressSchema>;

/** What a `measure` job returns. Evidence is bounded (one document, compressed) and travels with the job. */
export const measuredSchema = z.object({
  cluster: z.string(),
  plan: z.unknown().optional(),
  /** gzip + base64 of JSON `Evidence[]`; bulk such as captures goes to the artifact store instead. */
  evidence: z.string().optional(),
  gaps: z.array(gapSchema),
  /** Set when the part of this cluster ended early: user mistake, refusal, cancellation. */
  ended: z.object({ code: z.string(), text: textSchema }).optional(),
  firstFindingAtMs: z.number().optional(),
});
export type Measured = z.infer<typeof measuredSchema>;
