import { z } from "zod";
import { defineEvidence, type EvidenceSet, evidenceOf } from "../core/evidence.ts";
import { gainsOf, gainsSchema } from "../core/gains.ts";
import { type KernelEvent, kernelEventSchema, parseKernelLog } from "../core/kernel-log.ts";
import { hurtLegs, nearBad } from "../core/node-trouble.ts";
import { askedNodes } from "../core/path-facts.ts";
import type { Leg } from "../core/plan.ts";
import type { ReadingProbe, Sample } from "../core/probe.ts";
import type { Case } from "../core/rule.ts";
import { podWithUid } from "./pod-state.ts";

/** What the kernel of a node says about itself: its log, time stalled, runnable tasks, connections. Subject: `node/<name>`. */
export const kernelEvidence = defineEvidence(
  "kernel",
  z.object({
    fromMs: z.number(),
    toMs: z.number(),
    /** Inode of the node's own network namespace; the log names namespaces by it. */
    netns: z.string(),
    /** False where the log cannot be read; it has no events then. */
    logRead: z.boolean(),
    /** Oldest first; also those of some minutes before the check. Lines of other nodes that share the kernel are in it. */
    events: z.array(kernelEventSchema),
    /** µs in which somebody waited, by `cpu.some`, `cpu.full`, `memory.some` …: pressure stall information. */
    stalls: gainsSchema.optional(),
    cpus: z.number().optional(),
    /** Runnable tasks in each reading. */
    runnable: z.array(z.number()),
    /** Connections tracked in the node's own namespace: the most that was seen, and the limit. */
    conntrack: z.object({ most: z.number(), max: z.number() }).optional(),
  }),
);

/** How far back the log is read, for what happened just before the check. */
const LOG_SECONDS = 300;
const MAX_EVENTS = 150;
/** What the agent's program exits with when only the log could not be read. */
export const NO_LOG = 77;
/** One command for all that a node's kernel is asked. */
export const kernelCommand = ["netcheck-kernel", `${LOG_SECONDS}`] as const;

type Reading = {
  readonly atMs: number;
  readonly nowMs: number;
  readonly uptimeS: number;
  readonly netns: string;
  readonly stdout: string;
};

function parseHead({ atMs, stdout }: Sample): Reading | undefined {
  const [, now, uptime, netns = ""] = /^@now (\d+) ([\d.]+) (\d+)$/m.exec(stdout) ?? [];
  return now === undefined ? undefined : { atMs, nowMs: Number(now), uptimeS: Number(uptime), netns, stdout };
}

/** `@psi cpu some 1234`. */
function parseStalls(stdout: string): Readonly<Record<string, number>> | undefined {
  const found = [...stdout.matchAll(/^@psi (\w+) (\w+) (\d+)$/gm)];
  return found.length === 0
    ? undefined
    : Object.fromEntries(found.map(([, what, who, total]) => [`${what}.${who}`, Number(total)]));
}

export const kernel: ReadingProbe = {
  kind: "reading",
  name: "kernel",
  scope: "node",
  pace: "often",
  argv: kernelCommand,
  section: "kernel",
  read(all, { subject }) {
    const samples = all.filter(({ exitCode }) => exitCode === 0 || exitCode === NO_LOG);
    const readings = samples.flatMap((sample) => parseHead(sample) ?? []);
    const [first, newest] = [readings[0], readings.at(-1)];
    if (!first || !newest) return [];
    const stalls = gainsOf(
      samples.map((sample) => ({ ...sample, exitCode: 0 })),
      parseStalls,
    );
    const loads = readings.flatMap(({ stdout }) => {
      const [, running, , cpus] = /^@load (\d+) (\d+) (\d+)$/m.exec(stdout) ?? [];
      // The reader itself is one of those that run.
      return running === undefined ? [] : [{ running: Math.max(0, Number(running) - 1), cpus: Number(cpus) }];
    });
    const tables = readings.flatMap(({ stdout }) => {
      const [, count, max] = /^@conntrack (\d+) (\d+)$/m.exec(stdout) ?? [];
      return count === undefined ? [] : [{ count: Number(count), max: Number(max) }];
    });
    const cpus = loads.at(-1)?.cpus;
    const max = tables.at(-1)?.max;
    return [
      evidenceOf(kernelEvidence, subject, newest.atMs, {
        fromMs: first.atMs,
        toMs: newest.atMs,
        netns: newest.netns,
        logRead: samples.some(({ exitCode }) => exitCode === 0),
        events: eventsOf(readings).slice(-MAX_EVENTS),
        ...(stalls ? { stalls } : {}),
        ...(cpus === undefined ? {} : { cpus }),
        runnable: loads.map(({ running }) => running),
        ...(max === undefined ? {} : { conntrack: { most: Math.max(...tables.map(({ count }) => count)), max } }),
      }),
    ];
  },
};

/**
 * The events of all readings, timed by the node's wall clock. The log counts seconds since boot by a clock that may have
 * drifted by seconds in months; a line that is new in a reading must have come since the one before, which tells by how much.
 */
function eventsOf(readings: readonly Reading[]): KernelEvent[] {
  const lines = new Map<string, { readonly uptimeS: number; readonly text: string }>();
  let low = Number.NEGATIVE_INFINITY;
  let high = Number.POSITIVE_INFINITY;
  let before: Reading | undefined;
  for (const reading of readings) {
    // The last line may have been cut.
    for (const [line, uptime, text = ""] of reading.stdout.matchAll(/^(\d+\.\d+) (.*)\n/gm)) {
      if (lines.has(line)) continue;
      lines.set(line, { uptimeS: Number(uptime), text });
      const atMs = reading.nowMs + (Number(uptime) - reading.uptimeS) * 1_000;
      high = Math.min(high, reading.nowMs - atMs + 50);
      if (before) low = Math.max(low, before.nowMs - atMs);
    }
    before = reading;
  }
  const last = readings.at(-1);
  if (!last) return [];
  const drift = low <= high ? Math.min(Math.max(0, low), high) : 0;
  const bootMs = last.nowMs - last.uptimeS * 1_000 + drift;
  return parseKernelLog(
    [...lines.values()].map(({ uptimeS, text }) => ({ atMs: Math.round(bootMs + uptimeS * 1_000), text })),
  );
}

/**
 * Events that are surely this node's. Nodes that are containers or small virtual machines of one host share its log: then a
 * line is this node's only if it names one of its pods or its network namespace. What several nodes show is nobody's.
 */
export function kernelEventsOf(evidence: EvidenceSet, node: string): readonly KernelEvent[] {
  const subject = `node/${node}`;
  const mine = evidence.get(kernelEvidence, subject);
  if (!mine) return [];
  const others = new Set(
    evidence
      .all(kernelEvidence)
      .flatMap(({ subject: other, data }) => (other === subject ? [] : data.events.map(({ text }) => text))),
  );
  return mine.events.filter(({ text, netns, podUid }) => {
    if (netns !== undefined) return netns === mine.netns;
    const pod = podUid === undefined ? undefined : podWithUid(evidence, podUid);
    return pod ? pod.node === node : !others.has(text);
  });
}

/** Lines of one kind that a node's kernel wrote when packets through the node went wrong, and the legs that suffered. */
export type LoggedTrouble = {
  readonly node: string;
  readonly legs: readonly Leg[];
  readonly events: readonly KernelEvent[];
};

/**
 * What the kernels of the asked path's nodes logged of some kind while there was a bad second at most so many seconds before
 * or after; nodes without such lines are left out. `read` are the nodes whose log could be read at all.
 */
export function loggedInBadSeconds(
  seen: Case,
  { wanted, beforeS, afterS }: { wanted: (event: KernelEvent) => boolean; beforeS: number; afterS: number },
): { readonly read: readonly string[]; readonly found: readonly LoggedTrouble[] } {
  const read = askedNodes(seen.plan).filter((node) => seen.evidence.get(kernelEvidence, `node/${node}`)?.logRead);
  const found = read.flatMap((node) => {
    const legs = hurtLegs(node, seen);
    const events = kernelEventsOf(seen.evidence, node).filter(
      (event) => wanted(event) && nearBad(event.atMs, seen.comparison, { beforeS, afterS }),
    );
    return legs.length > 0 && events.length > 0 ? [{ node, legs, events }] : [];
  });
  return { read, found };
}
