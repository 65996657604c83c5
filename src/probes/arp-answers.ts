import { z } from "zod";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { lineReader } from "../core/line-reader.ts";
import type { Plan, Vantage } from "../core/plan.ts";
import type { Reader, SurveyProbe } from "../core/probe.ts";

const answer = z.object({
  ip: z.string(),
  device: z.string(),
  /** Asked by the host that has the address: whoever answers is another. */
  own: z.boolean(),
  /** Who answered, and how often. */
  macs: z.record(z.string(), z.number()),
});

/** Who answers for addresses on a node's local networks. Subject: vantage id. */
export const arpAnswersEvidence = defineEvidence("arp-answers", z.object({ answers: z.array(answer) }));

const EVERY_S = 15;
const MAX_TARGETS = 8;
const BYTES_PER_ROUND = 4_096;

const ASKED = /^\? (\S+) (\S+) (ask|own)$/;
/** iputils: `Unicast reply from 10.0.0.1 [52:54:00:00:00:01]  0.7ms`; the other arping: `60 bytes from 52:54:… (10.0.0.1):`. */
const REPLY =
  /^(?:Unicast|Broadcast) reply from \S+ (?:for \S+ )?\[([0-9A-Fa-f:]{17})\]|^\d+ bytes from ([0-9A-Fa-f:]{17}) /;

/**
 * Two stations that answer for one address: every 15 s each node asks for the addresses of the other nodes, of its own
 * pods, and for its own. A dozen small packets each time.
 */
export const arpAnswers: SurveyProbe = {
  kind: "survey",
  name: "arp-answers",
  wants: ({ at, plan }) => at.id.startsWith("node/") && targetsOf(at, plan).length > 0,
  argv: ({ at, plan }) => ["netcheck-arp", `${EVERY_S}`, ...targetsOf(at, plan)],
  maxBytes: ({ plan: { window } }) =>
    BYTES_PER_ROUND * (2 + Math.ceil((window.endMs - window.startMs) / 1_000 / EVERY_S)),
  open: ({ at, plan }) => openArpAnswers(at.id, plan.window.startMs),
};

/** IPv4 only: IPv6 finds duplicates by itself before it uses an address. */
function targetsOf(at: Vantage, { vantages }: Pick<Plan, "vantages">): readonly string[] {
  return vantages
    .filter(({ id, node, ip }) => (id.startsWith("node/") || node === at.node) && /^\d+\.\d+\.\d+\.\d+$/.test(ip))
    .map(({ ip }) => ip)
    .slice(0, MAX_TARGETS);
}

/** Reads what `netcheck-arp` prints. */
export function openArpAnswers(subject: string, startMs: number): Reader {
  const answers = new Map<string, z.infer<typeof answer>>();
  let current: z.infer<typeof answer> | undefined;
  const push = lineReader((line) => {
    const asked = ASKED.exec(line);
    if (asked) {
      const [, ip = "", device = "", kind] = asked;
      const key = `${ip} ${device} ${kind}`;
      current = answers.get(key) ?? { ip, device, own: kind === "own", macs: {} };
      if (answers.size < 4 * MAX_TARGETS) answers.set(key, current);
      return;
    }
    const reply = REPLY.exec(line);
    const mac = (reply?.[1] ?? reply?.[2])?.toLowerCase();
    if (mac !== undefined && current && Object.keys(current.macs).length < MAX_TARGETS)
      current.macs[mac] = (current.macs[mac] ?? 0) + 1;
  });
  return {
    push,
    evidence: () =>
      answers.size === 0
        ? []
        : [evidenceOf(arpAnswersEvidence, subject, startMs, { answers: structuredClone([...answers.values()]) })],
  };
}
