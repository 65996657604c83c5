import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson, versionsOf } from "../core/readings.ts";

const rule = z.object({ priority: z.number(), table: z.string().optional(), text: z.string() });

/** Policy routing rules beyond the three that every system has. Subject: vantage id. */
export const routingRulesEvidence = defineEvidence("routing-rules", z.object({ rules: z.array(rule) }));

const printed = z.array(z.looseObject({ priority: z.number(), table: z.string().optional() }));
const ORDINARY = new Set([0, 32_766, 32_767]);

/** Reads `ip -j rule`. */
export function parseRoutingRules(stdout: string): z.infer<typeof rule>[] | undefined {
  return printed.safeParse(parseJson(stdout)).data?.flatMap((entry) =>
    ORDINARY.has(entry.priority)
      ? []
      : [
          {
            priority: entry.priority,
            ...(entry.table === undefined ? {} : { table: entry.table }),
            text: JSON.stringify(entry),
          },
        ],
  );
}

export const routingRules: ReadingProbe = {
  kind: "reading",
  name: "routing-rules",
  scope: "netns",
  pace: "seldom",
  argv: ["ip", "-j", "rule"],
  read(samples, { subject }) {
    const newest = versionsOf(samples, parseRoutingRules).at(-1);
    return newest ? [evidenceOf(routingRulesEvidence, subject, newest.toMs, { rules: newest.value })] : [];
  },
};
