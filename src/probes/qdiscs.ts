import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { gainsOf, gainsSchema } from "../core/gains.ts";
import { sectionsOf } from "../core/link-text.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson } from "../core/readings.ts";

const qdisc = z.object({
  device: z.string(),
  /** "root" sends, "ingress" looks at what arrives. */
  side: z.enum(["root", "ingress"]),
  kind: z.string(),
  /** Of shapers that say it: bits per second. */
  rateBps: z.number().optional(),
  /** Most packets that waited at any reading. */
  backlog: z.number(),
});
export type Qdisc = z.infer<typeof qdisc>;

/**
 * Queues of devices that hold or drop packets. Gains are named `DEVICE.SIDE.COUNTER`, with the counters packets, drops and
 * overlimits. Subject: vantage id.
 */
export const qdiscsEvidence = defineEvidence(
  "qdiscs",
  z.object({ qdiscs: z.array(qdisc), gains: gainsSchema.optional() }),
);

/** One line of `tc -s -j qdisc`; classful ones add up what their classes drop. */
const printed = z.object({
  kind: z.string(),
  dev: z.string(),
  root: z.boolean().optional(),
  options: z.looseObject({ rate: z.unknown().optional() }).optional(),
  packets: z.number().default(0),
  drops: z.number().default(0),
  overlimits: z.number().default(0),
  qlen: z.number().default(0),
});
type Printed = z.infer<typeof printed> & { readonly side: Qdisc["side"] };

function linesOf(stdout: string): readonly Printed[] | undefined {
  const list = z.array(z.unknown()).safeParse(parseJson(stdout)).data;
  if (list) return list.flatMap(queueOf);
  const found = sectionsOf(stdout).find(({ name, whole }) => name === "qdiscs" && whole);
  // The helper cut a list at its commas.
  return found?.text
    .split("\n")
    .flatMap((line) => queueOf(parseJson(line.replace(/^\[/, "").replace(/(\},|\}\])$/, "}"))));
}

/** A queue at the top of a device; classes below one are part of it, and `noqueue` holds nothing. */
function queueOf(value: unknown): Printed[] {
  const read = printed.safeParse(value).data;
  if (!read || read.kind === "noqueue") return [];
  if (read.root === true) return [{ ...read, side: "root" }];
  return read.kind === "ingress" || read.kind === "clsact" ? [{ ...read, side: "ingress" }] : [];
}

function countersOf(stdout: string): Record<string, number> | undefined {
  const values: Record<string, number> = {};
  const lines = linesOf(stdout);
  for (const { dev, side, packets, drops, overlimits } of lines ?? [])
    for (const [name, value] of Object.entries({ packets, drops, overlimits }))
      values[`${dev}.${side}.${name}`] = value;
  return lines && values;
}

export const qdiscs: ReadingProbe = {
  kind: "reading",
  name: "qdiscs",
  scope: "netns",
  pace: "often",
  wants: ({ role }) => role !== "control",
  // A node has hundreds of devices that queue nothing, a pod has one or two.
  argv: ({ netns }) => (netns === "node" ? ["netcheck-nic", "qdiscs"] : ["tc", "-s", "-j", "qdisc"]),
  read(samples, { subject }) {
    const good = samples.filter(({ exitCode, stdout }) => exitCode === 0 && linesOf(stdout) !== undefined);
    const newest = good.at(-1);
    if (!newest) return [];
    const gains = gainsOf(good, countersOf);
    const deepest = new Map<string, number>();
    for (const { stdout } of good)
      for (const { dev, side, qlen } of linesOf(stdout) ?? [])
        deepest.set(`${dev}.${side}`, Math.max(deepest.get(`${dev}.${side}`) ?? 0, qlen));
    const found = (linesOf(newest.stdout) ?? []).map(({ dev, side, kind, options }) => {
      const rate = options?.rate;
      return {
        device: dev,
        side,
        kind,
        // tc counts bytes.
        ...(typeof rate === "number" && rate > 0 ? { rateBps: rate * 8 } : {}),
        backlog: deepest.get(`${dev}.${side}`) ?? 0,
      };
    });
    return [evidenceOf(qdiscsEvidence, subject, newest.atMs, { qdiscs: found, ...(gains ? { gains } : {}) })];
  },
};
