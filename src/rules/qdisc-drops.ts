import { isPod } from "../core/elements.ts";
import { gainedDuring } from "../core/gains.ts";
import { speedText } from "../core/link-text.ts";
import { nodesOnPath, suffering } from "../core/nic-facts.ts";
import { askedVantages } from "../core/path-facts.ts";
import type { Place } from "../core/place.ts";
import type { Leg, Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { linksEvidence } from "../probes/links.ts";
import { type Qdisc, qdiscsEvidence } from "../probes/qdiscs.ts";

/** Fewer are a burst, not a fault. */
const MIN_DROPS = 3;
/** Share of the packets lost on the legs that the queue must have dropped to be their cause for certain. */
const MOST_OF_THEM = 0.5;
/** Queues that exist to hold a rate. */
export const SHAPERS = new Set(["tbf", "htb", "hfsc", "cbq", "cake", "netem"]);
/** Queues that drop early on purpose, to keep waiting times short. */
const EARLY = new Set(["fq_codel", "codel", "red", "pie", "fq_pie"]);

/** A queue on the asked path, the legs that pass it, and where it belongs. */
export type PathQueue = {
  readonly at: Vantage;
  readonly qdisc: Qdisc;
  readonly legs: readonly Leg[];
  readonly where: Place;
  readonly drops: { readonly inside: number; readonly outside: number };
  readonly overlimits: { readonly inside: number; readonly outside: number };
};

/**
 * A queue of a device on the path dropped packets in the seconds in which the path lost some: of the node's NIC, of a
 * pod's own device, or of the node's end of a pod's cable, where bandwidth limits of pods are made. These drops show in
 * `tc -s qdisc` alone, not among the drops of the device.
 * Fooled by drops long ago (only gains count), by queues of other pods (only those of the path are looked at), and by
 * queues that drop by design: shapers, and fq_codel and its like, are named as such.
 */
export const qdiscDrops: Rule = {
  name: "qdisc-drops",
  title: "Queue drops packets",
  needs: [qdiscsEvidence],
  evaluate(seen) {
    const queues = queuesOnPath(seen);
    const dropping = queues.filter(({ drops }) => drops.inside >= MIN_DROPS);
    const suspicions = dropping.flatMap((queue) => suspicion(queue, seen));
    if (suspicions.length > 0) return suspicions;
    if (queues.length === 0) return { status: "cleared", because: say("no device of the path has a queue") };
    const harmless = queues.reduce((sum, { drops }) => sum + drops.inside + drops.outside, 0);
    return {
      status: "cleared",
      because: say("queues of the path ({queues}) dropped {packets}, none when the path lost any", {
        queues: listed(queues.map(({ at, qdisc }) => `${at.label}/${qdisc.device} ${qdisc.kind}`)),
        packets: counted(harmless, "packet"),
      }),
    };
  },
};

/** Every queue that asked packets pass. */
export function queuesOnPath(seen: Case): readonly PathQueue[] {
  const { plan, evidence } = seen;
  const nodeQueues = nodesOnPath(seen).flatMap(({ node, nics, legs }) => {
    const at = plan.vantages.find(({ id }) => id === `node/${node}`);
    const devices = new Set(nics.filter(({ role }) => role !== "bond").map(({ device }) => device));
    return at ? queuesOf(at, at.id, (device) => devices.has(device), legs, seen).map((one) => placed(one, node)) : [];
  });
  const podQueues = askedVantages(plan)
    .filter((at) => isPod(at))
    .flatMap((at) => {
      const legs = plan.legs.filter(({ from, to }) => from === at.id || to === at.id);
      const cables = new Set(
        (evidence.get(linksEvidence, at.id)?.devices ?? []).flatMap(({ peerIndex }) => peerIndex ?? []),
      );
      const ends = (evidence.get(linksEvidence, `node/${at.node}`)?.devices ?? []).filter(
        ({ index, kind }) => kind === "veth" && index !== undefined && cables.has(index),
      );
      const names = new Set(ends.map(({ device }) => device));
      return [
        ...queuesOf(at, at.id, () => true, legs, seen),
        ...queuesOf(at, `node/${at.node}`, (device) => names.has(device), legs, seen),
      ].map((one) => ({ ...one, where: { kind: "pod" as const, name: at.label, device: one.qdisc.device } }));
    });
  return [...nodeQueues, ...podQueues];
}

function placed(queue: Omit<PathQueue, "where">, node: string): PathQueue {
  return { ...queue, where: { kind: "node", name: node, device: queue.qdisc.device } };
}

function queuesOf(
  at: Vantage,
  subject: string,
  isOurs: (device: string) => boolean,
  legs: readonly Leg[],
  { evidence, comparison }: Case,
): readonly Omit<PathQueue, "where">[] {
  const read = evidence.get(qdiscsEvidence, subject);
  const gains = read?.gains;
  if (!read || !gains) return [];
  return read.qdiscs
    .filter(({ device }) => isOurs(device))
    .map((qdisc) => {
      const during = (counter: string) =>
        gainedDuring(gains, `${qdisc.device}.${qdisc.side}.${counter}`, comparison.badSeconds);
      return { at, qdisc, legs, drops: during("drops"), overlimits: during("overlimits") };
    });
}

function suspicion({ at, qdisc, legs, where, drops }: PathQueue, seen: Case): readonly Suspicion[] {
  const { device, kind, side, rateBps } = qdisc;
  const hurt = suffering(legs, seen);
  const lost = hurt.reduce((sum, result) => sum + result.lost, 0);
  if (lost === 0) return [];
  const shapes = SHAPERS.has(kind) && rateBps !== undefined;
  // Half of a round trip's losses fall on the other way, which this queue does not see.
  const enough = drops.inside >= (MOST_OF_THEM / 2) * lost;
  const place = `${where.name}/${device}`;
  const node = at.node;
  return [
    {
      status: "suspected",
      confidence: enough ? (drops.outside <= drops.inside ? "certain" : "likely") : "possible",
      where,
      because: [
        side === "ingress"
          ? say("what polices arrivals at {place} ({kind}) dropped {packets} in seconds in which the path lost some", {
              place,
              kind,
              packets: counted(drops.inside, "packet"),
            })
          : say("the queue of {place} ({kind}) dropped {packets} in seconds in which the path lost some", {
              place,
              kind,
              packets: counted(drops.inside, "packet"),
            }),
        say("{legs} that pass it lost {packets}", {
          legs: counted(hurt.length, "leg"),
          packets: counted(lost, "packet"),
        }),
        ...byDesign(kind, rateBps),
        ...(qdisc.backlog > 0 ? [say("up to {count} packets waited in it", { count: qdisc.backlog })] : []),
      ],
      against:
        drops.outside > drops.inside
          ? [say("it dropped {packets} more while the path was fine", { packets: counted(drops.outside, "packet") })]
          : [],
      confirm: [
        `tc -s -d qdisc show dev ${device}   # ${where.kind === "pod" ? `on ${node} or in the network of ${where.name}` : `on ${node}`}, twice: dropped`,
        `tc -s class show dev ${device}; tc filter show dev ${device}   # which class, and what gets there`,
      ],
      advice: [
        shapes
          ? say("Raise or remove the limit of {place}, or send less through it", { place })
          : say(
              "Lengthen the queue of {place} or find out what fills it; look for a limit set by configuration management or by a bandwidth annotation",
              { place },
            ),
      ],
      explains: [
        "link-rate-limited",
        "path-loss",
        "port-filtered",
        "link-delay",
        "nic-periodic-delay",
        "high-latency",
        "dns-path-loss",
      ],
      legs: legs.map(({ id }) => id),
    },
  ];
}

function byDesign(kind: string, rateBps: number | undefined): readonly Sentence[] {
  if (SHAPERS.has(kind) && rateBps !== undefined)
    return [
      say("{kind} holds a rate of {rate} by design: more than that was sent", {
        kind,
        rate: speedText(Number((rateBps / 1e6).toPrecision(3))),
      }),
    ];
  return EARLY.has(kind)
    ? [say("{kind} drops early by design to keep waiting short: the link behind it is full", { kind })]
    : [];
}
