import type { Nic } from "../core/nic-evidence.ts";
import {
  idsOf,
  type NodeOnPath,
  nodesOnPath,
  placeOf,
  suffering,
  sufferingText,
  unreadText,
  wires,
} from "../core/nic-facts.ts";
import { holdsBad } from "../core/node-trouble.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";

/**
 * Pause frames, and those of single priorities. By driver: mlx5 `rx_pause_ctrl_phy`, `rx_global_pause`, `rx_prio3_pause`; igb,
 * ixgbe `rx_flow_control_xoff`; i40e, ice `port.link_xoff_rx`, `link_xoff_rx.nic`, `rx_priority_3_xoff.nic`;
 * bnxt_en `rx_pause_frames`, `rx_pfc_ena_frames_pri3`; tg3 `rx_xoff_rcvd`. Durations are left out: they are times.
 */
const PAUSE = /(?:pause|xoff|pfc_ena_frames)(?!.*(?:duration|transition|time))/i;
/** What mlx5 counts when the other side stalls it for so long that it gives up. */
const STORM = /pause_storm_(?:warning|error)_events/i;
/** Fewer frames, for each second of bad intervals, move nothing. */
const MIN_RATE = 100;
/** They must be so much more frequent in bad intervals than in good ones, and the NIC so much slower. */
const TIMES = 3;
const SLOWED = 0.7;

/**
 * The other side of a link asks for silence again and again (pause frames, PFC): packets wait, and their queues overflow.
 * Decisive are 100 pause frames or more a second in intervals in which packets through the node were late or lost, three times
 * as many as in other intervals or with less carried than in those; or an alarm of the NIC of its own.
 * Fooled by lossless fabrics, in which pauses are intended (as many in good seconds: cleared), by counters of time, by old
 * totals, and by programs that log pause frames as drops (no such log is read).
 */
export const pauseStorm: Rule = {
  name: "pause-storm",
  title: "Pause frames hold up the link",
  needs: [],
  evaluate(seen) {
    const nodes = nodesOnPath(seen);
    const suspicions = nodes.flatMap((at) => wires(at.nics).flatMap((nic) => suspect(at, nic, seen)));
    if (suspicions.length > 0) return suspicions;
    const unread = unreadText(nodes);
    return unread
      ? { status: "unknown", because: unread }
      : { status: "cleared", because: say("no NIC of the path was paused more often while packets were late or lost") };
  },
};

type Rates = { readonly frames: number; readonly bytes: number; readonly seconds: number };

/** What pause counters and traffic did in intervals with bad seconds, and in the others; a second each. */
function ratesOf({ gains }: Nic, bad: boolean, { comparison }: Case): Rates {
  const steps = (gains?.steps ?? []).filter((step) => holdsBad(step, comparison) === bad);
  const seconds = steps.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / 1_000, 0);
  const perSecond = (amount: (gained: Readonly<Record<string, number>>) => number): number =>
    seconds === 0 ? 0 : steps.reduce((sum, { gained }) => sum + amount(gained), 0) / seconds;
  return {
    seconds,
    // Kernel and driver count the same frames under several names.
    frames: perSecond((gained) =>
      Math.max(0, ...Object.entries(gained).flatMap(([name, count]) => (isPause(name) ? [count] : []))),
    ),
    bytes: perSecond((gained) => (gained["tx_bytes"] ?? 0) + (gained["rx_bytes"] ?? 0)),
  };
}

const isPause = (name: string): boolean => PAUSE.test(name) && !STORM.test(name);

function suspect({ node, legs }: NodeOnPath, nic: Nic, seen: Case): readonly Suspicion[] {
  if (suffering(legs, seen).length === 0) return [];
  const [bad, good] = [ratesOf(nic, true, seen), ratesOf(nic, false, seen)];
  const storms = Object.entries(nic.gains?.gained ?? {}).flatMap(([name, count]) => (STORM.test(name) ? [count] : []));
  const alarms = Math.max(0, ...storms);
  const more = bad.frames >= TIMES * good.frames;
  const slower = good.seconds > 0 && good.bytes > 0 && bad.bytes <= SLOWED * good.bytes;
  if (bad.frames < MIN_RATE || (good.seconds > 0 && !more && !slower && alarms === 0)) return [];
  const { device } = nic;
  const names = Object.keys(nic.gains?.gained ?? {}).filter(isPause);
  return [
    {
      status: "suspected",
      confidence: alarms > 0 || (good.seconds > 0 && more) ? "likely" : "possible",
      where: placeOf(node, device),
      because: [
        say(
          "{device} of {node} counted {rate} pause frames a second while packets were late or lost, {other} at other times ({names})",
          {
            device,
            node,
            rate: Math.round(bad.frames),
            other: Math.round(good.frames),
            names: listed(names.map((name) => name.replace(/^driver\./, ""))),
          },
        ),
        ...(slower
          ? [
              say("it carried {share} % of what it carries at other times", {
                share: Math.round((100 * bad.bytes) / good.bytes),
              }),
            ]
          : []),
        ...(alarms > 0 ? [say("the NIC itself reports {count} pause storms", { count: alarms })] : []),
        sufferingText(node, legs, seen),
      ],
      against:
        good.seconds > 0
          ? []
          : [say("packets were late or lost all the time: how many pauses are normal here is not known")],
      confirm: [`ethtool -S ${device} | grep -iE 'pause|xoff|pfc'; ethtool -a ${device}   # on ${node}, twice`],
      advice: [
        say("Find out who cannot keep up: the switch port of {node}, or another receiver behind the same switch", {
          node,
        }),
        say("Where the fabric need not be lossless, switch pauses off: ethtool -A {device} rx off tx off", { device }),
      ],
      explains: ["link-rate-limited", "qdisc-drops", "nic-ring-overflow", "link-delay", "high-latency", "path-loss"],
      legs: idsOf(legs),
    },
  ];
}
