import { z } from "zod";
import { isPod } from "../core/elements.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import { lineReader } from "../core/line-reader.ts";
import type { SurveyContext, SurveyProbe } from "../core/probe.ts";

/** Echoes to the target's address of the other IP family. Subject: vantage id of who asks. */
export const otherFamilyEvidence = defineEvidence(
  "other-family",
  z.object({
    target: z.string(),
    sent: z.number().int(),
    answered: z.number().int(),
    /** What came back instead of answers, each once. */
    errors: z.array(z.string()),
  }),
);

const EVERY_S = 1;
const BYTES_PER_ECHO = 100;
const MAX_ERRORS = 5;

/** The target's address of the family that the check does not use otherwise; undefined where either end has none. */
function otherAddress({ at, plan, view }: SurveyContext): string | undefined {
  const to = plan.vantages.find(({ role }) => role === "to");
  if (at.role !== "from" || !isPod(at) || !to || !isPod(to)) return undefined;
  const otherOf = (label: string, ip: string): string | undefined =>
    view.pods
      .find(({ namespace, name }) => `${namespace}/${name}` === label)
      ?.ips?.find((one) => one.includes(":") !== ip.includes(":"));
  return otherOf(at.label, at.ip) === undefined ? undefined : otherOf(to.label, to.ip);
}

function echoes({ plan }: Pick<SurveyContext, "plan">): number {
  return Math.ceil((plan.window.endMs - plan.window.startMs) / 1_000 / EVERY_S) + 5;
}

/** Where both ends of the path have addresses of both families, the one that is not measured otherwise gets an echo a second. */
export const otherFamily: SurveyProbe = {
  kind: "survey",
  name: "other-family",
  wants: (context) => otherAddress(context) !== undefined,
  argv: (context) => [
    "ping",
    "-n",
    "-D",
    "-O",
    "-i",
    `${EVERY_S}`,
    "-c",
    `${echoes(context)}`,
    otherAddress(context) ?? "",
  ],
  maxBytes: (context) => 4_096 + echoes(context) * 2 * BYTES_PER_ECHO,
  traffic: () => ({ packetsPerSecond: 2 / EVERY_S, bytesPerSecond: (2 * 118) / EVERY_S }),
  open({ at }) {
    const answers = new Set<number>();
    const errors = new Set<string>();
    let target = "";
    let newest = 0;
    let newestMs = 0;
    const push = lineReader((line) => {
      const [, seconds] = /^\[(\d+\.\d+)\]/.exec(line) ?? [];
      if (seconds !== undefined) newestMs = Number(seconds) * 1_000;
      target = /^PING (?:\S+ ?\()?([0-9a-f.:]+)/i.exec(line)?.[1] ?? target;
      const seq = Number(/icmp_seq=(\d+)/.exec(line)?.[1] ?? 0);
      newest = Math.max(newest, seq);
      if (/bytes from/.test(line) && seq > 0) answers.add(seq);
      const error = /^\[[\d.]+\] From (.*)$/.exec(line)?.[1]?.replace(/:? ?icmp_seq=\d+/, "");
      if (error !== undefined && errors.size < MAX_ERRORS) errors.add(error);
    });
    return {
      push,
      evidence: () =>
        target === "" || newest === 0
          ? []
          : [
              evidenceOf(otherFamilyEvidence, at.id, newestMs, {
                target,
                sent: newest,
                answered: answers.size,
                errors: [...errors],
              }),
            ],
    };
  },
};
