import { gainedDuring } from "../core/gains.ts";
import { hiddenLimits, limitSymptoms, type Pressure } from "../core/hidden-limit.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import { speedText } from "../core/link-text.ts";
import { nicsEvidence } from "../core/nic-evidence.ts";
import { busiestMbit, suffering } from "../core/nic-facts.ts";
import { askedVantages } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { connectionsEvidence } from "../probes/connections.ts";
import { countersEvidence } from "../probes/counters.ts";
import { qdiscsEvidence } from "../probes/qdiscs.ts";
import { type PathQueue, queuesOnPath, SHAPERS } from "./qdisc-drops.ts";

/** A shaper holds back packets now and then without harm; so many while packets are late are no accident. */
const MIN_HELD = 10;
/** Share of the limit that the device has to carry to be full. */
const FULL = 0.8;

/**
 * A limit on a device of the path holds packets back: a shaper (tbf, htb …) on the node's NIC or on a pod's cable, set by a
 * bandwidth annotation, by configuration management or by a person. It counts packets above its rate ("overlimits"); those
 * wait, and answers come late, while nothing is lost. When the shaper drops as well, that is `qdisc-drops`.
 * Limits that no node can see, in switches, hypervisors and clouds, are told by their queue: see hidden-limit.ts.
 * Fooled by shapers that are not reached (nothing is held back while packets are late: cleared). Blind to hidden limits
 * without load, and to those that drop at once and queue nothing: these show as path-loss.
 */
export const linkRateLimited: Rule = {
  name: "link-rate-limited",
  title: "Link is rate-limited",
  needs: [pingEvidence],
  evaluate(seen) {
    const shapers = queuesOnPath(seen).filter(({ qdisc }) => SHAPERS.has(qdisc.kind));
    const suspicions = shapers
      .filter(({ overlimits }) => overlimits.inside >= MIN_HELD)
      .flatMap((shaper) => suspicion(shaper, seen));
    const hidden = hiddenLimits(seen, pressure(seen));
    const beyond = hidden.flatMap((one) => ("status" in one ? [one] : []));
    const elsewhere = beyond.filter(({ where }) => !suspicions.some((one) => one.where.name === where.name));
    if (suspicions.length + elsewhere.length > 0) return [...suspicions, ...elsewhere];
    const [note] = hidden.flatMap((one) => ("status" in one ? [] : [one]));
    if (note) return { status: "cleared", because: note };
    if (!seen.evidence.has(qdiscsEvidence))
      return { status: "unknown", because: say("queues of the nodes were not read") };
    if (shapers.length === 0) return { status: "cleared", because: say("no device of the path has a shaper") };
    return {
      status: "cleared",
      because: say("shapers of the path ({queues}) held nothing back while packets were late", {
        queues: listed(shapers.map(({ at, qdisc }) => `${at.label}/${qdisc.device} ${qdisc.kind}`)),
      }),
    };
  },
};

/** What the programs' connections say; one that its peer's window holds back does not press. */
function pressure({ plan, evidence, comparison }: Case): Pressure {
  const waiting = evidence
    .all(connectionsEvidence)
    .flatMap(({ data }) => data.list)
    .filter(({ windowClosed, windowLimitedMs, busyMs }) => windowClosed === 0 && windowLimitedMs * 5 <= busyMs);
  const resent = askedVantages(plan).flatMap(({ id }) => {
    const gains = evidence.get(countersEvidence, id);
    return gains ? [gainedDuring(gains, "TcpRetransSegs", comparison.badSeconds).inside] : [];
  });
  return { readyBytes: Math.max(0, ...waiting.map(({ unsent }) => unsent)), resent: Math.max(0, ...resent) };
}

function suspicion({ at, qdisc, legs, where, overlimits }: PathQueue, seen: Case): readonly Suspicion[] {
  const late = suffering(legs, seen);
  if (late.length === 0) return [];
  const { device, kind, rateBps } = qdisc;
  const nic = seen.evidence.get(nicsEvidence, `node/${at.node}`)?.nics.find((one) => one.device === device);
  const limitMbit = rateBps === undefined ? undefined : rateBps / 1e6;
  const used = nic && limitMbit !== undefined ? busiestMbit(nic) / limitMbit : undefined;
  const place = `${where.name}/${device}`;
  const mostInside = overlimits.inside > overlimits.outside;
  return [
    {
      status: "suspected",
      confidence: mostInside && used !== undefined && used >= FULL ? "certain" : mostInside ? "likely" : "possible",
      where,
      because: [
        limitMbit === undefined
          ? say("the shaper of {place} ({kind}) held packets back {times} while packets of the path were late", {
              place,
              kind,
              times: counted(overlimits.inside, "time"),
            })
          : say(
              "the shaper of {place} ({kind}, {rate}) held packets back {times} while packets of the path were late",
              {
                place,
                kind,
                rate: speedText(Number(limitMbit.toPrecision(3))),
                times: counted(overlimits.inside, "time"),
              },
            ),
        say("{legs} that pass it had late or lost packets", { legs: counted(late.length, "leg") }),
        ...(used === undefined || used < FULL
          ? []
          : [say("the device carried up to {share} of that rate", { share: percentText(Math.min(1, used)) })]),
        ...(qdisc.backlog > 0 ? [say("up to {count} packets waited in it", { count: qdisc.backlog })] : []),
      ],
      against: mostInside ? [] : [say("it held back as many while the path was fine")],
      confirm: [`tc -s -d qdisc show dev ${device}   # on ${at.node}, twice: overlimits and backlog`],
      advice: [say("Raise or remove the limit of {place}, or send less through it", { place })],
      explains: limitSymptoms,
      legs: legs.map(({ id }) => id),
    },
  ];
}
