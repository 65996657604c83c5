import { z } from "zod";
import { captureFile, pointKindSchema } from "./capture.ts";
import { windowSchema } from "./check.ts";
import { dataPlanesSchema } from "./data-plane.ts";
import { placeSchema } from "./place.ts";

const rttSchema = z.object({ min: z.number(), p50: z.number(), p99: z.number(), max: z.number() });

export const causeSchema = z.object({
  cause: z.string(),
  title: z.string(),
  confidence: z.enum(["certain", "likely", "possible"]),
  where: placeSchema,
  because: z.array(z.string()),
  against: z.array(z.string()),
  confirm: z.array(z.string()),
  advice: z.array(z.string()),
  /** Symptoms that this cause explains, named beneath it and not beside it. */
  explains: z.array(z.object({ cause: z.string(), where: placeSchema, because: z.array(z.string()) })).default([]),
});
export type Cause = z.infer<typeof causeSchema>;

const latencyChartSchema = z.object({
  kind: z.literal("latency"),
  title: z.string(),
  subtitle: z.string(),
  /** Legend text of the plotted leg: "shop/web-0 → shop/db-0". */
  leg: z.string(),
  bucketMs: z.number(),
  startMs: z.number(),
  /** Per bucket; absent values (no answer in that bucket) are null, as JSON has no undefined in arrays. */
  p50Ms: z.array(z.number().nullable()),
  p99Ms: z.array(z.number().nullable()),
  maxMs: z.array(z.number().nullable()),
  sent: z.array(z.number()),
  lost: z.array(z.number()),
  episodes: z.array(z.object({ startMs: z.number(), endMs: z.number(), label: z.string() })),
});
export type LatencyChart = z.infer<typeof latencyChartSchema>;

/** The ladder: the same packets at all points of a path, and what each hop did to them. */
const hopsChartSchema = z.object({
  kind: z.literal("hops"),
  title: z.string(),
  subtitle: z.string(),
  /** The two ends; forward is from `from` to `to`. */
  from: z.string(),
  to: z.string(),
  /** In the order in which packets of the first end cross them. `left`: why this one's packets were not compared. */
  points: z.array(
    z.object({ label: z.string(), node: z.string(), kind: pointKindSchema, left: z.string().optional() }),
  ),
  hops: z.array(
    z.object({
      /** Indices into `points`, in the direction of travel: backward, `from` is the larger one. */
      from: z.number().int(),
      to: z.number().int(),
      direction: z.enum(["forward", "backward"]),
      sent: z.number(),
      seen: z.number(),
      lost: z.number(),
      /** Not seen at `to`, but behind it: lost by the recorder and not by the network. */
      missed: z.number(),
      delayMs: z.object({ p50: z.number(), p99: z.number() }).optional(),
      /** lossy: the network certainly lost packets here; unsure: cannot be told, `why` says why not. */
      judged: z.enum(["clean", "lossy", "unsure"]),
      why: z.string().optional(),
    }),
  ),
});
export type HopsChart = z.infer<typeof hopsChartSchema>;

/** What went wrong when, one lane per measurement, and above it what happened on the nodes at that time. */
const timelineChartSchema = z.object({
  kind: z.literal("timeline"),
  title: z.string(),
  subtitle: z.string(),
  startMs: z.number(),
  bucketMs: z.number(),
  lanes: z.array(
    z.object({
      label: z.string(),
      /** count: buckets can be added up; ms: the larger one counts. */
      unit: z.enum(["count", "ms"]),
      /** Per bucket; null = not measured. */
      values: z.array(z.number().nullable()),
    }),
  ),
  marks: z.array(
    z.object({
      atMs: z.number(),
      endMs: z.number().optional(),
      kind: z.enum(["kernel", "trigger", "kept"]),
      label: z.string(),
    }),
  ),
});
export type TimelineChart = z.infer<typeof timelineChartSchema>;

export const chartSchema = z.discriminatedUnion("kind", [latencyChartSchema, hopsChartSchema, timelineChartSchema]);
/** What a chart shows, as data; `chart/` draws it. */
export type Chart = z.infer<typeof chartSchema>;

/** DESIGN §8. Extend, do not rename. Every way to draw a check (Slack, terminal, HTML, JSON) starts from this. */
export const reportSchema = z.object({
  check: z.string(),
  command: z.string(),
  cluster: z.string(),
  from: z.string(),
  to: z.string(),
  status: z.enum(["healthy", "degraded", "broken", "partial", "failed"]),
  /** One sentence: what is wrong, where, how sure; or that nothing is. */
  verdict: z.string(),
  causes: z.array(causeSchema),
  cleared: z.array(z.object({ cause: z.string(), because: z.string() })),
  unknown: z.array(z.object({ cause: z.string(), because: z.string() })),
  /** What the asked path is part of: no fault, and nothing that was measured. */
  notes: z.array(z.string()).optional(),
  /** What the nodes of the path were recognised as; no judgement. Absent when nothing of them was read. */
  dataPlanes: dataPlanesSchema.optional(),
  gaps: z.array(z.object({ probe: z.string(), subject: z.string(), reason: z.string() })),
  measurements: z.array(
    z.object({
      probe: z.string(),
      from: z.string(),
      to: z.string(),
      part: z.enum(["end-to-end", "segment", "control"]),
      sent: z.number(),
      lost: z.number(),
      rttMs: rttSchema.optional(),
      /** For packet sizes: the largest that crossed; what is sent and lost are the echoes up to that size. */
      largestBytes: z.number().optional(),
      /** For a trace: who answered at each distance. Loss that does not last to the target is none. */
      path: z
        .array(
          z.object({
            ttl: z.number(),
            address: z.string().optional(),
            sent: z.number(),
            lost: z.number(),
            rttMs: z.number().optional(),
          }),
        )
        .optional(),
      /** For TCP: how attempts ended, e.g. { connected: 98, timeout: 2 }. */
      outcomes: z.record(z.string(), z.number()).optional(),
    }),
  ),
  captures: z.array(
    z.object({
      node: z.string(),
      point: z.string(),
      device: z.string(),
      packets: z.number(),
      bytes: z.number(),
      droppedByKernel: z.number(),
      fromMs: z.number(),
      toMs: z.number(),
      /** How long of the window it was recording, of what was kept and analysed. */
      recordedMs: z.number().optional(),
      file: z.string(),
      /** Files of it that were let go before they could be kept. */
      letGo: z.number().optional(),
    }),
  ),
  /** Files for Wireshark that hold what was captured; absent = none. */
  files: z.array(captureFile.schema).optional(),
  hops: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      sent: z.number(),
      seen: z.number(),
      lost: z.number(),
      /** Of captures: which way of the path it is, and how many were not recorded at `to`, but behind it. */
      direction: z.enum(["forward", "backward"]).optional(),
      missed: z.number().optional(),
      delayMs: z.number().optional(),
    }),
  ),
  /** Share of the asked time and probes that was really observed, 0 to 1, and the same in words. */
  coverage: z.object({ share: z.number(), text: z.string() }),
  charts: z.array(chartSchema),
  window: windowSchema,
});
export type Report = z.infer<typeof reportSchema>;
export type ReportFile = z.infer<typeof captureFile.schema>;
