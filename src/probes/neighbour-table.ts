import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { gainsOf, gainsSchema } from "../core/gains.ts";
import { namespaceCommand } from "../core/namespace-command.ts";
import type { ReadingProbe } from "../core/probe.ts";

/** The IPv4 neighbour table of a node's kernel, which all its network namespaces share. Subject: vantage id of the node. */
export const neighbourTableEvidence = defineEvidence(
  "neighbour-table",
  z.object({
    /** The most entries that were seen. */
    entries: z.number(),
    /** `gc_thresh3`, from which on no entry is added; absent when it could not be read. */
    max: z.number().optional(),
    /** What the kernel counted, `table_fulls` among it; absent where it does not tell (only in its first network namespace). */
    gains: gainsSchema.optional(),
  }),
);

const STATISTICS = /^\/proc\/net\/stat\/arp_cache:(.*)$/gm;
const MAX = /^\/proc\/sys\/net\/ipv4\/neigh\/default\/gc_thresh3:(\d+)$/m;

/**
 * Reads /proc/net/stat/arp_cache: names, then one line per CPU of hexadecimal counts. `entries` is the same on all lines, what
 * else there is has to be added up.
 */
export function parseNeighbourTable(stdout: string): Readonly<Record<string, number>> | undefined {
  const [head = "", ...cpus] = [...stdout.matchAll(STATISTICS)].map(([, text = ""]) => text.trim());
  const names = head.split(/\s+/);
  if (!names.includes("table_fulls") || cpus.length === 0) return undefined;
  const sums: Record<string, number> = {};
  for (const cpu of cpus)
    for (const [index, text] of cpu.split(/\s+/).entries()) {
      const name = names[index] ?? "";
      const value = Number.parseInt(text, 16);
      sums[name] = name === "entries" ? value : (sums[name] ?? 0) + value;
    }
  return sums;
}

export const neighbourTable: ReadingProbe = {
  kind: "reading",
  name: "neighbour-table",
  scope: "node",
  pace: "often",
  argv: namespaceCommand,
  section: "sysctls",
  read(samples, { subject }) {
    const gains = gainsOf(samples, (stdout) => {
      const { entries: _, ...counts } = parseNeighbourTable(stdout) ?? {};
      return Object.keys(counts).length > 0 ? counts : undefined;
    });
    const newest = samples.findLast(({ exitCode }) => exitCode === 0);
    if (!newest) return [];
    const entries = Math.max(0, ...samples.map(({ stdout }) => parseNeighbourTable(stdout)?.["entries"] ?? 0));
    const max = samples.flatMap(({ stdout }) => MAX.exec(stdout)?.[1] ?? []).at(-1);
    return [
      evidenceOf(neighbourTableEvidence, subject, newest.atMs, {
        entries,
        ...(max === undefined ? {} : { max: Number(max) }),
        ...(gains ? { gains } : {}),
      }),
    ];
  },
};
