import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson, versionsOf } from "../core/readings.ts";

const entry = z.object({ mac: z.string(), device: z.string(), to: z.string(), permanent: z.boolean() });

/** Where tunnel devices send frames by their inner MAC address, newest reading. Subject: vantage id. */
export const forwardingEntriesEvidence = defineEvidence("forwarding-entries", z.object({ entries: z.array(entry) }));

const printed = z.array(
  z.object({
    mac: z.string(),
    ifname: z.string().default(""),
    dst: z.string().optional(),
    state: z.string().default(""),
  }),
);
/** One per node of the cluster and network; clusters of thousands have more. */
const MAX_ENTRIES = 10_000;

/** Reads `bridge -j fdb`. Entries without a far end are those of bridges and are left out. */
export function parseForwardingEntries(stdout: string): z.infer<typeof entry>[] | undefined {
  const parsed = printed.safeParse(parseJson(stdout)).data;
  return parsed
    ?.flatMap(({ mac, ifname, dst, state }) =>
      dst === undefined ? [] : [{ mac, device: ifname, to: dst, permanent: state === "permanent" }],
    )
    .slice(0, MAX_ENTRIES);
}

export const forwardingEntries: ReadingProbe = {
  kind: "reading",
  name: "forwarding-entries",
  scope: "node",
  pace: "seldom",
  argv: ["bridge", "-j", "fdb"],
  read(samples, { subject }) {
    const newest = versionsOf(samples, parseForwardingEntries).at(-1);
    return newest ? [evidenceOf(forwardingEntriesEvidence, subject, newest.toMs, { entries: newest.value })] : [];
  },
};
