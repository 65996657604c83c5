import { z } from "zod";
import { planSchema } from "./plan.ts";
import { measuredSchema } from "./progress.ts";
import { textSchema } from "./sentence.ts";

const outageSchema = z.object({ fromMs: z.number(), toMs: z.number().optional() });

const nodeStateSchema = z.object({
  /**
   * pending: its tasks are to be started · running: they were · growing: they were, and recorders are to be started beside
   * them · stopped: they were told to end · failed: given up, `reason` says why · removed: nothing of the check is left there.
   */
  status: z.enum(["pending", "running", "growing", "stopped", "failed", "removed"]),
  /** Calls in a row that failed; 0 after one that did not. */
  failures: z.number().int(),
  /** No call before this time, Unix milliseconds. */
  retryAtMs: z.number(),
  /** Times during which the node did not answer; the newest is open while it does not. At most 20. */
  outages: z.array(outageSchema),
  reason: textSchema.optional(),
  /** How far its clock is ahead of the workers', where they are too far apart to be taken for one (`node-clock.ts`). */
  aheadMs: z.number().optional(),
  /** When its tasks had been started. */
  startedAtMs: z.number().optional(),
  /** False when nothing was ever sent there, so that there is nothing to remove. */
  touched: z.boolean(),
});
export type NodeState = z.infer<typeof nodeStateSchema>;

/** All that the ticks of one cluster's part of a check remember. Times are Unix milliseconds of the workers' clocks. */
export const measureStateSchema = z.object({
  check: z.string(),
  rev: z.number().int(),
  /** When the newest tick ended, and on which worker: host:pid. */
  savedAtMs: z.number(),
  worker: z.string(),
  beganAtMs: z.number(),
  /** A worker that was lost, told for a while after another took over. */
  takeover: z.object({ from: z.string(), lostAtMs: z.number(), atMs: z.number() }).optional(),
  /** How often the names could not be read in a row, and when to try again. */
  readFailures: z.number().int(),
  retryAtMs: z.number(),
  cancelled: z.object({ by: z.string(), atMs: z.number() }).optional(),
  plan: planSchema.optional(),
  /** How often the tasks were planned: again when the window had begun before any of them was started. */
  planned: z.number().int(),
  nodes: z.record(z.string(), nodeStateSchema),
  /** Tasks that ended before their time, by id. */
  ended: z.record(z.string(), z.object({ atMs: z.number(), reason: textSchema })),
  /** What the Kubernetes API said before: gzip + base64 of a ClusterView, cut to what the check touches. */
  before: z.string().optional(),
  /** What looked wrong at the newest assessment; it is told once it was seen twice in a row. */
  suspicion: z.string().optional(),
  firstFinding: z.object({ atMs: z.number(), text: z.string() }).optional(),
  /** Everything measured; from here on only the nodes are tidied. */
  result: measuredSchema.optional(),
});
export type MeasureState = z.infer<typeof measureStateSchema>;

export const untouchedNode: NodeState = { status: "pending", failures: 0, retryAtMs: 0, outages: [], touched: false };

/** The state before the first tick. */
export function newMeasureState(check: string, worker: string, nowMs: number): MeasureState {
  return {
    check,
    rev: 0,
    savedAtMs: nowMs,
    worker,
    beganAtMs: nowMs,
    readFailures: 0,
    retryAtMs: nowMs,
    planned: 0,
    nodes: {},
    ended: {},
  };
}
