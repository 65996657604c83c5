import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { z } from "zod";
import { partOf } from "../core/across.ts";
import { acrossReport } from "../core/across-report.ts";
import { checkRequestSchema } from "../core/check.ts";
import { diagnose } from "../core/diagnose.ts";
import { NetcheckError } from "../core/errors.ts";
import { EvidenceSet } from "../core/evidence.ts";
import { gapSchema, planSchema } from "../core/plan.ts";
import { type Report, reportSchema } from "../core/report.ts";
import { textSchema } from "../core/sentence.ts";
import { dataPlanes } from "../probes/data-plane/data-planes.ts";
import { kernelMarks } from "../probes/timeline/kernel-marks.ts";
import { rules } from "../rules/index.ts";

const deflate = promisify(gzip);
const inflate = promisify(gunzip);

/** Evidence is bounded where it is gathered; more than this is no check. */
const MAX_BYTES = 256 * 1024 * 1024;

export const evidenceSchema = z.array(
  z.object({ kind: z.string(), subject: z.string(), atMs: z.number(), data: z.unknown() }),
);

/** All that a report is made of. Who asked, and in which channel, is no part of it. */
export const seenSchema = z.object({
  request: checkRequestSchema.omit({ slack: true, schedule: true }),
  /** Absent when the check ended before it was decided what to measure. */
  plan: planSchema.optional(),
  gaps: z.array(gapSchema),
  /** Somebody ended it early; in words: "before its end". */
  cancelled: textSchema.optional(),
  evidence: evidenceSchema,
  /** What the second part of a check between two clusters saw; the rest is what the first did. */
  second: z
    .object({
      plan: planSchema.optional(),
      gaps: z.array(gapSchema),
      cancelled: textSchema.optional(),
      evidence: evidenceSchema,
    })
    .optional(),
});
export type SeenByCheck = z.infer<typeof seenSchema>;

/** A check as it is kept: what it saw, and what was said of it then. */
const storedCheckSchema = seenSchema.extend({ report: reportSchema });
export type StoredCheck = z.infer<typeof storedCheckSchema>;

/** What today's rules say of it: the same input gives the same report, on any machine and at any time. */
export function reportOf({ request, second, ...first }: SeenByCheck): Report {
  const { cluster, toCluster } = request;
  if (toCluster === undefined) return partReport({ request, ...first });
  const nothing = { gaps: [], evidence: [] };
  const part = (of: string, seen: PartEvidence) => ({
    cluster: of,
    plan: seen.plan,
    report: partReport({ request: partOf(request, of), ...seen }),
  });
  return acrossReport(request, [part(cluster, first), part(toCluster, second ?? nothing)]);
}

type PartEvidence = Omit<SeenByCheck, "request" | "second">;

function partReport({ request, plan, gaps, cancelled, evidence }: Omit<SeenByCheck, "second">): Report {
  const set = new EvidenceSet(evidence);
  const marks = plan ? kernelMarks({ plan, evidence: set }, request.language) : [];
  const planes = plan ? dataPlanes({ plan, evidence: set }) : [];
  return diagnose({ request, plan, evidence: set, gaps, rules, marks, planes, cancelled });
}

/** gzip of its JSON, for `readStored`. */
export async function packStored(stored: StoredCheck): Promise<Uint8Array> {
  return deflate(JSON.stringify(storedCheckSchema.parse(stored)));
}

/** Reads a check that was kept, compressed or not. Throws a `NetcheckError` that says what is wrong with the file. */
export async function readStored(path: string): Promise<StoredCheck> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new NetcheckError("not-found", `${path} cannot be read: ${error.message}`);
  });
  const [first, second] = bytes;
  const packed = first === 0x1f && second === 0x8b;
  const json = await (packed ? inflate(bytes, { maxOutputLength: MAX_BYTES }) : Promise.resolve(bytes)).catch(
    (error: Error) => {
      throw notOne(path, `it cannot be decompressed: ${error.message}`);
    },
  );
  let value: unknown;
  try {
    value = JSON.parse(json.toString());
  } catch (error) {
    throw notOne(path, `it is not JSON: ${(error as Error).message}`);
  }
  const read = storedCheckSchema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw notOne(path, issue ? `${issue.path.join(".") || "the document"}: ${issue.message}` : "it has another form");
}

function notOne(path: string, why: string): NetcheckError {
  return new NetcheckError("damaged", `${path} is no stored check: ${why}.`, {
    hint: "One is check.json.gz in the folder of a check in the history, or what `netcheck check … --save FILE` has written.",
  });
}
