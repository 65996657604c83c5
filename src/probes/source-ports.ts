import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { sameFamily } from "../core/ip-family.ts";
import { lineReader } from "../core/line-reader.ts";
import type { Plan, Vantage } from "../core/plan.ts";
import type { Reader, SurveyProbe } from "../core/probe.ts";

const target = z.object({
  ip: z.string(),
  /** The port that answered, and how. */
  port: z.number(),
  answer: z.string(),
  /** Per source port: tries whose outcome is known, and answers. */
  sources: z.array(z.object({ port: z.number(), tried: z.number(), answered: z.number() })),
});
export type AskedTarget = z.infer<typeof target>;

/** Answers of targets by source port. Subject: vantage id of who asks. */
export const sourcePortsEvidence = defineEvidence("source-ports", z.object({ targets: z.array(target) }));

/** Within the range from which systems take source ports, so that no server is in the way. */
const FIRST_PORT = 33_001;
const PORTS = 32;
const STEP = 877;
/** Below the second after which a lost SYN would be sent again. */
const TIMEOUT_MS = 800;
/** Tries per source port that a check is meant to have, and bounds of the pace. */
const TRIES = 20;
const FASTEST_MS = 100;
const SLOWEST_MS = 200;
/** Closed nearly everywhere: it refuses. */
const DISCARD = 9;
const REPORT_S = 5;
const BYTES_PER_REPORT = 900;

/**
 * The target of the check asked from 32 fixed source ports, so that one of several parallel paths that loses shows by its
 * flows. Two small packets for each try.
 */
export const sourcePorts: SurveyProbe = {
  kind: "survey",
  name: "source-ports",
  wants: ({ at, plan }) => targetsOf(at, plan).length > 0,
  argv: ({ at, plan }) => [
    "netcheck-ports",
    `${everyMs(plan)}`,
    `${TIMEOUT_MS}`,
    `${FIRST_PORT}`,
    `${PORTS}`,
    `${STEP}`,
    targetsOf(at, plan)
      .map(({ ip }) => ip)
      .join(","),
    `${DISCARD}`,
    ...knownPort(plan),
  ],
  maxBytes: ({ at, plan }) =>
    4_096 + targetsOf(at, plan).length * BYTES_PER_REPORT * Math.ceil(lengthMs(plan) / 1_000 / REPORT_S + 3),
  traffic: ({ at, plan }) => {
    const packetsPerSecond = (targetsOf(at, plan).length * 2 * 1_000) / everyMs(plan);
    return { packetsPerSecond, bytesPerSecond: packetsPerSecond * 56 };
  },
  open: ({ at }) => openSourcePorts(at.id),
};

type Asked = Pick<Plan, "vantages" | "legs" | "window">;

function lengthMs({ window }: Asked): number {
  return window.endMs - window.startMs;
}

function everyMs(plan: Asked): number {
  return Math.round(Math.min(SLOWEST_MS, Math.max(FASTEST_MS, (0.9 * lengthMs(plan)) / (TRIES * PORTS))));
}

/** The asker asks the target when that is on another node. */
function targetsOf(at: Vantage, { vantages }: Asked): readonly Vantage[] {
  const to = vantages.find(({ role }) => role === "to");
  if (at.role !== "from" || !to || to.node === at.node) return [];
  return sameFamily(at.ip, to.ip) ? [to] : [];
}

function knownPort({ legs, vantages }: Asked): readonly string[] {
  const to = vantages.find(({ role }) => role === "to");
  const port = legs.find((leg) => leg.to === to?.id && leg.port !== undefined)?.port;
  return port === undefined ? [] : [`${port}`];
}

const TARGET = /^# ([\da-f.:]{2,39}) (\d+) (refused|accepted)$/;
const COUNTS = /^(\d+) (\d+) (\d+)$/;

/** Reads what `netcheck-ports` prints: running totals, so the last ones of each port count. */
export function openSourcePorts(subject: string): Reader {
  const found = new Map<
    string,
    { target: Omit<AskedTarget, "sources">; sources: Map<number, AskedTarget["sources"][number]> }
  >();
  let current: ReturnType<(typeof found)["get"]>;
  const push = lineReader((line) => {
    const head = TARGET.exec(line);
    if (head) {
      const [, ip = "", port, answer = ""] = head;
      const key = `${ip} ${port}`;
      current = found.get(key) ?? { target: { ip, port: Number(port), answer }, sources: new Map() };
      found.set(key, current);
      return;
    }
    const counts = COUNTS.exec(line);
    if (!counts || !current || current.sources.size > 4 * PORTS) return;
    const [port, tried, answered] = counts.slice(1).map(Number) as [number, number, number];
    const before = current.sources.get(port)?.tried ?? 0;
    // A last line that was cut would show fewer than before.
    if (tried >= before && answered <= tried) current.sources.set(port, { port, tried, answered });
  });
  return {
    push,
    evidence: ({ nowMs }) => {
      const targets = [...found.values()].map(({ target: one, sources }) => ({
        ...one,
        sources: [...sources.values()],
      }));
      return targets.length === 0 ? [] : [evidenceOf(sourcePortsEvidence, subject, nowMs, { targets })];
    },
  };
}
