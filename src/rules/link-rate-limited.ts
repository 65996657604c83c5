import { speedText } from "../core/link-text.ts";
import { nicsEvidence } from "../core/nic-evidence.ts";
import { busiestMbit, suffering } from "../core/nic-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
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
 * Fooled by shapers that are not reached (nothing is held back while packets are late: cleared), and blind to limits that
 * no node can see: in switches, hypervisors and clouds. Those show as link-delay or path-loss.
 */
export const linkRateLimited: Rule = {
  name: "link-rate-limited",
  title: "Link is rate-limited",
  needs: [qdiscsEvidence],
  evaluate(seen) {
    const shapers = queuesOnPath(seen).filter(({ qdisc }) => SHAPERS.has(qdisc.kind));
    const suspicions = shapers
      .filter(({ overlimits }) => overlimits.inside >= MIN_HELD)
      .flatMap((shaper) => suspicion(shaper, seen));
    if (suspicions.length > 0) return suspicions;
    if (shapers.length === 0) return { status: "cleared", because: say("no device of the path has a shaper") };
    return {
      status: "cleared",
      because: say("shapers of the path ({queues}) held nothing back while packets were late", {
        queues: listed(shapers.map(({ at, qdisc }) => `${at.label}/${qdisc.device} ${qdisc.kind}`)),
      }),
    };
  },
};

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
      explains: ["path-loss", "link-delay", "nic-periodic-delay", "high-latency"],
      legs: legs.map(({ id }) => id),
    },
  ];
}
