import type { Anomaly } from "./anomaly.ts";
import { alternativesText, controlsText } from "./anomaly-text.ts";
import { type Ceiling, ceilingOf } from "./ceiling.ts";
import { speedText } from "./link-text.ts";
import { newest, nodesOnPath, wires } from "./nic-facts.ts";
import { legsTouching } from "./path-facts.ts";
import type { Case, Confidence, Suspicion } from "./rule.ts";
import { type Sentence, say } from "./sentence.ts";
import { sharedWait } from "./shared-wait.ts";
import { msRangeText, roundly } from "./units.ts";

/** Less is what an idle node sends, and no limit of a server. */
const MIN_MBIT = 0.3;
/** The longest wait at the rate that was carried: two full frames at least, and no more than large buffers hold. */
const LEAST_QUEUE_BYTES = 3_000;
const MOST_QUEUE_BYTES = 16_000_000;
/** From this part of its nominal speed on, a link is simply full. */
const NOMINAL = 0.6;
/** A sender that holds more than this many times what the queue holds would send more if it could. */
const HELD_BACK = 1.5;
const MIN_READY_BYTES = 64_000;
/** A queue that is full drops; programs send that again. */
const MIN_RESENT = 5;

/** Names of what a full queue in front of a rate looks like from elsewhere. */
export const limitSymptoms = [
  "path-loss",
  "path-member-loss",
  "port-filtered",
  "link-delay",
  "nic-periodic-delay",
  "high-latency",
  "dns-path-loss",
  "server-slow",
];

/**
 * A limit that no node can see, in a switch port, a hypervisor or a cloud, told by the queue in front of it: late packets
 * at one node's link; legs that cross it at the same moment wait equally long (one queue); the NIC carries the same
 * in all bad intervals, never more, and far less than its speed; and wait × rate is a queue that can exist.
 * Certain when besides the waiting ends as soon as less is sent, or when a program's connection has more
 * ready than the queue can hold.
 */
export function hiddenLimits(seen: Case, pressure: Pressure): readonly (Suspicion | Sentence)[] {
  return nodesOnPath(seen).flatMap(({ node, nics }) => {
    const late = seen.comparison.late.find(({ onPath, element, place }) => onPath && atLink(element, place.name, node));
    if (!late?.extraMs) return [];
    const [nic] = nics.filter(({ role }) => role === "path");
    const gains = nic?.gains;
    if (!nic || !gains) return [];
    const way = late.direction?.from === node ? "out" : late.direction?.to === node ? "in" : undefined;
    const { badSeconds } = seen.comparison;
    const ways = (["in", "out"] as const)
      .filter((one) => way === undefined || way === one)
      .flatMap((one) => ceilingOf(gains, one, badSeconds) ?? []);
    const [ceiling] = ways.toSorted((a, b) => b.mbit - a.mbit);
    if (!ceiling || ceiling.mbit < MIN_MBIT || ceiling.intervals < 2) return [];
    const speeds = wires(nics).flatMap((wire) => newest(wire)?.speedMbit ?? []);
    const speedMbit = speeds.length > 0 ? speeds.reduce((sum, one) => sum + one, 0) : undefined;
    return judge(
      { node, device: nic.device, late, ceiling, pressure, ...(speedMbit === undefined ? {} : { speedMbit }) },
      seen,
    );
  });
}

function atLink({ kind }: Anomaly["element"], name: string, node: string): boolean {
  return (kind === "nic" || kind === "host") && name === node;
}

/**
 * What programs say of the load: the most bytes that a connection had ready for a peer that would take them, and segments
 * sent again while packets were late.
 */
export type Pressure = { readonly readyBytes: number; readonly resent: number };

type Found = {
  readonly node: string;
  readonly device: string;
  readonly late: Anomaly;
  readonly ceiling: Ceiling;
  readonly pressure: Pressure;
  readonly speedMbit?: number;
};

function judge(
  { node, device, late, ceiling, pressure, speedMbit }: Found,
  seen: Case,
): readonly (Suspicion | Sentence)[] {
  const { mbit, way, flat, intervals, belowMbit } = ceiling;
  const place = `${node}/${device}`;
  const rate = speedText(Number(mbit.toPrecision(2)));
  if (speedMbit !== undefined && mbit >= NOMINAL * speedMbit)
    return [
      say("{place} carried {rate} of its {speed}: the link is full", { place, rate, speed: speedText(speedMbit) }),
    ];
  const { low, high } = late.extraMs ?? { low: 0, high: 0 };
  const queueBytes = (high * mbit * 1_000) / 8;
  if (queueBytes < LEAST_QUEUE_BYTES || queueBytes > MOST_QUEUE_BYTES) return [];
  const shared = sharedWait(late, seen);
  if (shared && !shared.alike)
    return [
      say("packets that cross {place} at the same moment do not wait equally long: no queue makes them late", {
        place,
      }),
    ];
  const { readyBytes, resent } = pressure;
  const held =
    readyBytes > Math.max(MIN_READY_BYTES, HELD_BACK * queueBytes) ? Math.round(readyBytes / 1_000) : undefined;
  const overflows = resent >= MIN_RESENT;
  const relieved = belowMbit !== undefined;
  const pressed = relieved || held !== undefined;
  const confidence = confidenceOf({ oneQueue: shared !== undefined, flat, pressed, overflows });
  if (confidence === undefined) return [];
  const peers = legsTouching(node, seen.plan).map(({ id }) => id);
  return [
    {
      status: "suspected",
      confidence: late.alternatives.length > 0 && confidence === "certain" ? "likely" : confidence,
      where: { kind: "node", name: node, device },
      because: [
        say("packets through {place} wait {range} in a queue while it carries traffic", {
          place,
          range: msRangeText(roundly(low), roundly(high)),
        }),
        way === "in"
          ? say("at most {rate} came in while packets were late (intervals: {count})", { rate, count: intervals })
          : say("at most {rate} went out while packets were late (intervals: {count})", { rate, count: intervals }),
        ...(flat ? [say("the throughput stays flat at that ceiling")] : []),
        ...(speedMbit === undefined ? [] : [say("the link itself runs at {speed}", { speed: speedText(speedMbit) })]),
        ...(shared
          ? [
              say(
                "packets of different legs that cross it at the same moment wait equally long: they stand in one queue",
              ),
            ]
          : []),
        say("the wait at that rate makes a queue of {size} kB", { size: Math.round(queueBytes / 1_000) }),
        ...(relieved
          ? [say("at {rate} or less nothing was late", { rate: speedText(Number(belowMbit.toPrecision(2))) })]
          : []),
        ...(held === undefined ? [] : [say("a sender has {size} kB ready that do not get through", { size: held })]),
        ...(overflows ? [say("programs sent {count} segments again meanwhile", { count: resent })] : []),
        ...[controlsText(late, seen.comparison)].filter((text) => text !== undefined),
      ],
      against: [
        ...(flat ? [] : [say("the throughput is not flat: others may share what is full")]),
        ...[alternativesText(late)].filter((text) => text !== undefined),
      ],
      confirm: [
        `ip -s link show dev ${device}; sleep 10; ip -s link show dev ${device}   # on ${node}, under load: bytes per second do not rise above the limit`,
        `tc -s qdisc show dev ${device}   # on ${node}: no shaper here, so the limit lies beyond`,
      ],
      advice: [
        say(
          "Look for a limit of about {rate} in front of {place}: policing or shaping at the switch port, the hypervisor, the bandwidth of the cloud instance",
          { rate, place },
        ),
        say("Send less through {place}, or move what fills it to another node", { place }),
      ],
      explains: limitSymptoms,
      legs: [...new Set([...late.legs, ...peers])],
    },
  ];
}

/**
 * A path that keeps packets in order but takes now more, now less time looks like one queue, and a steady load is flat by
 * itself. So load has to be seen to press: a sender that would send more, or less load with which nothing waits; else
 * what programs send again, as a full queue drops.
 */
function confidenceOf({ oneQueue, flat, pressed, overflows }: Signs): Confidence | undefined {
  if (pressed) return oneQueue && flat ? "certain" : oneQueue || flat ? "likely" : undefined;
  return oneQueue && flat && overflows ? "likely" : undefined;
}

type Signs = {
  readonly oneQueue: boolean;
  readonly flat: boolean;
  readonly pressed: boolean;
  readonly overflows: boolean;
};
