import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe } from "../core/probe.ts";
import { parseJson } from "../core/readings.ts";

const neighbour = z.object({
  ip: z.string(),
  device: z.string(),
  mac: z.string().optional(),
  state: z.string(),
  /** Other MAC addresses that this neighbour had while the check ran. */
  macsBefore: z.array(z.string()),
  /** In how many readings nobody had answered for it (FAILED, INCOMPLETE); absent = in none. */
  unresolved: z.number().int().optional(),
});

/** The neighbour table, newest reading. Subject: vantage id. */
export const neighboursEvidence = defineEvidence("neighbours", z.object({ neighbours: z.array(neighbour) }));

const printed = z.array(
  z.object({
    dst: z.string(),
    dev: z.string().default(""),
    lladdr: z.string().optional(),
    state: z.array(z.string()).default([]),
  }),
);
const MAX_NEIGHBOURS = 300;

/** Reads `ip -j neigh`. */
export function parseNeighbours(stdout: string): z.infer<typeof printed> | undefined {
  return printed.safeParse(parseJson(stdout)).data;
}

export const neighbours: ReadingProbe = {
  kind: "reading",
  name: "neighbours",
  scope: "netns",
  pace: "often",
  argv: ["ip", "-j", "neigh"],
  read(samples, { subject }) {
    const macs = new Map<string, Set<string>>();
    const unresolved = new Map<string, number>();
    let newest: { atMs: number; entries: z.infer<typeof printed> } | undefined;
    for (const { atMs, exitCode, stdout } of samples) {
      const entries = exitCode === 0 ? parseNeighbours(stdout) : undefined;
      if (!entries) continue;
      newest = { atMs, entries };
      for (const { dst, dev, lladdr, state } of entries) {
        const key = `${dst} ${dev}`;
        if (lladdr !== undefined) macs.set(key, (macs.get(key) ?? new Set()).add(lladdr));
        else if (state.includes("FAILED") || state.includes("INCOMPLETE"))
          unresolved.set(key, (unresolved.get(key) ?? 0) + 1);
      }
    }
    if (!newest) return [];
    const table = newest.entries.slice(0, MAX_NEIGHBOURS).map(({ dst, dev, lladdr, state }) => ({
      ip: dst,
      device: dev,
      ...(lladdr === undefined ? {} : { mac: lladdr }),
      state: state.join(","),
      macsBefore: [...(macs.get(`${dst} ${dev}`) ?? [])].filter((mac) => mac !== lladdr),
      ...(unresolved.has(`${dst} ${dev}`) ? { unresolved: unresolved.get(`${dst} ${dev}`) } : {}),
    }));
    return [evidenceOf(neighboursEvidence, subject, newest.atMs, { neighbours: table })];
  },
};
