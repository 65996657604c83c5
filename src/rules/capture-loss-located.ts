import { captureKept, type HopCounts, type Hops, hopsEvidence, type Tap } from "../core/capture.ts";
import type { EvidenceSet } from "../core/evidence.ts";
import { type LossyHop, lossyHops } from "../core/hop-loss.ts";
import { intervalText } from "../core/interval-text.ts";
import { askedVantages, suffers } from "../core/path-facts.ts";
import type { Place } from "../core/place.ts";
import type { Case, Rule, Suspicion, Verdict } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { type Between, betweenTaps, seenAt, sideOf } from "../core/tap-hooks.ts";
import { clockText, percentText } from "../core/units.ts";
import { captureFinding, captureIcmp } from "../pcap/capture-evidence.ts";

/** Fewer packets between two points are no proof that nothing is lost there. */
const MIN_SENT = 100;
/** Below this share of loss the other way, only one way is bad. */
const ONE_WAY = 0.2;
/** Where more than this share passes by a point that programs may skip, its absence there says nothing. */
const SKIPPED = 0.001;

/** Findings of captures that say that a sender did not heed what it was told of sizes, or was not told. */
const UNHEEDED = new Set(["mtu-black-hole", "fragmentation-needed"]);

/** Loss between two taps, of which the second can be a later one than the next. */
type Found = {
  readonly loss: LossyHop;
  readonly hop: HopCounts;
  readonly from: Tap;
  readonly to: Tap;
  readonly between: Between;
};

/**
 * Packets that were recorded at one point of the path and neither at the next nor at any behind it. What lies between
 * the two is the place. It says where, not why: whatever explains the same loss there stands above it.
 * Fooled by recorders that miss packets (what they may have missed is taken off, `hop-loss.ts`; files that were let go
 * say nothing), by points that programs of the data plane pass by (then the place reaches to the next point that
 * nobody can skip), by senders that learn what a path carries (only the largest are lost, and they are told), by packets that
 * were changed on the way (they appear as others), and by drops in front of the first tap:
 * what the queue of the sender's own device drops is seen nowhere.
 */
export const captureLossLocated: Rule = {
  name: "capture-loss-located",
  title: "Packets vanish between two points",
  needs: [hopsEvidence],
  evaluate(seen): Verdict | readonly Suspicion[] {
    const paths = seen.evidence.all(hopsEvidence).map(({ data }) => data);
    const suspicions = paths.flatMap((path) =>
      lossyHops(path)
        .filter(({ sure }) => sure)
        .flatMap((loss) => foundAt(loss, path, seen))
        .filter(({ hop }) => !isLearnt(hop, path, seen.evidence))
        .map((found) => suspicion(found, path, seen)),
    );
    return suspicions.length > 0 ? suspicions : verdictWithout(paths, seen);
  },
};

/** The place of a loss; none where the recording is not whole or the points are not known. */
function foundAt(loss: LossyHop, { hops, taps }: Hops, seen: Case): readonly Found[] {
  // Members of one bond are one point, named after all of them.
  const tapOf = (name: string): Tap | undefined =>
    taps.find(({ label }) => label === name || name.startsWith(`${label} + `));
  const hop = hops.find(({ from, to, direction }) => isSame(loss, { from, to, direction }));
  const from = tapOf(loss.from);
  let to = tapOf(loss.to);
  if (!hop || !from || !to) return [];
  for (let at: HopCounts | undefined = hop; to?.mayBeSkipped && at && isSkipped(at); ) {
    at = hops.find((next) => next.direction === hop.direction && next.from === at?.to);
    to = at && tapOf(at.to);
  }
  if (!to || isGappy(to.label, seen.evidence)) return [];
  return [{ loss, hop, from, to, between: betweenTaps(from, to, seen.plan) }];
}

function isSame(one: Pick<HopCounts, "from" | "to" | "direction">, other: typeof one): boolean {
  return one.from === other.from && one.to === other.to && one.direction === other.direction;
}

/** Whether only packets above a size were lost, and a router has told their sender, who then sent smaller ones. */
function isLearnt({ lost, smallestLost, largestSeen }: HopCounts, { taps }: Hops, evidence: EvidenceSet): boolean {
  if (lost === 0 || largestSeen === 0 || smallestLost <= largestSeen) return false;
  const told = taps.some(({ label }) => (evidence.get(captureIcmp, label)?.tooBig ?? 0) > 0);
  return told && !evidence.all(captureFinding).some(({ data }) => UNHEEDED.has(data.kind));
}

/** Whether packets pass by the far point of a hop: some, or all, or nothing was seen there at all. */
function isSkipped({ seen, missed, sent }: HopCounts): boolean {
  return seen === 0 || missed > SKIPPED * sent;
}

function suspicion(found: Found, { hops }: Hops, seen: Case): Suspicion {
  const { loss, hop, from, to, between } = found;
  const other = hops.find((one) => one.direction !== hop.direction && one.from === hop.to && one.to === hop.from);
  const legs = legsOf(seen, between);
  return {
    status: "suspected",
    confidence: loss.excused === 0 ? "certain" : "likely",
    where: between.where,
    because: [
      say("{lost} of {sent} that {from} saw came neither to {to} nor to any point behind it: {share} ({interval})", {
        lost: loss.lost,
        sent: counted(loss.sent, "packet"),
        from: from.label,
        to: to.label,
        share: percentText(loss.share.share),
        interval: intervalText(loss.share),
      }),
      ...otherWay(hop, other),
      ...secondsTexts(hop),
      ...(hop.smallestLost > hop.largestSeen && hop.largestSeen > 0
        ? [
            say("size decides: the smallest that was lost has {lost} bytes, the largest that came through {seen}", {
              lost: hop.smallestLost,
              seen: hop.largestSeen,
            }),
          ]
        : []),
      say("{from}; {to}", { from: seenAt(from, sideOf(from, from, to)), to: seenAt(to, sideOf(to, from, to)) }),
      say("between the two lie {hooks}", { hooks: listed(between.hooks, between.hooks.length) }),
    ],
    against:
      loss.excused === 0
        ? []
        : [
            say("up to {excused} of the {lost} may have been missed by the recorders", {
              excused: loss.excused,
              lost: loss.lost,
            }),
          ],
    confirm: confirmations(from, to, between),
    advice: [advice(from, to, between)],
    // Who asks for packets wants to know where they vanish. Otherwise it says more about what was found, and is no name for it.
    ...(seen.plan.recordingAsked === false ? { yields: true, detail: true } : { explains: ["path-loss"] }),
    alike: ["path-loss"],
    within: between.within,
    legs,
  };
}

/** Requests without answers, or answers without requests, say more than a share. */
function otherWay(hop: HopCounts, other: HopCounts | undefined): readonly Sentence[] {
  if (!other || other.sent < MIN_SENT) return [];
  const values = { from: other.from, to: other.to, lost: other.lost, sent: counted(other.sent, "packet") };
  return other.lost / other.sent < (ONE_WAY * hop.lost) / hop.sent
    ? [say("only this way: from {from} to {to} {lost} of {sent} were lost", values)]
    : [say("the other way, from {from} to {to}, {lost} of {sent} were lost", values)];
}

function secondsTexts({ lostAt }: HopCounts): readonly Sentence[] {
  const [first] = lostAt;
  const last = lostAt.at(-1);
  if (!first || !last) return [];
  const [second, count] = lostAt.toSorted(([, a], [, b]) => b - a)[0] ?? first;
  const values = { seconds: counted(lostAt.length, "second"), first: clockText(first[0] * 1_000) };
  return lostAt.length === 1
    ? [say("all of them in the second from {first} on", { first: values.first })]
    : [
        say("lost in {seconds} from {first} to {last}, most of them ({count}) at {second}", {
          ...values,
          last: clockText(last[0] * 1_000),
          count,
          second: clockText(second * 1_000),
        }),
      ];
}

/**
 * Asked legs that suffer, and those of the bad places that they cross or that lie where the packets vanish; the whole path when none
 * does. Where a Service was asked, packets were recorded of the connections to the one backend: its legs belong to the path.
 */
function legsOf({ plan, comparison }: Case, { within }: Between): readonly string[] {
  const ends = askedVantages(plan).map(({ id }) => id);
  const recorded = plan.legs
    .filter(({ part, from, to }) => part === "end-to-end" || (ends.includes(from) && ends.includes(to)))
    .map(({ id }) => id);
  const bad = recorded.filter((id) => suffers(comparison.legs.get(id)));
  const isHere = ({ name, peer }: Place): boolean =>
    within.includes(name) || (peer !== undefined && within.includes(peer));
  const places = comparison.loss.filter(
    ({ onPath, legs, place }) => onPath && (isHere(place) || legs.some((id) => bad.includes(id))),
  );
  return [...new Set([...(bad.length === 0 ? recorded : bad), ...places.flatMap(({ legs }) => legs)])];
}

function verdictWithout(paths: readonly Hops[], { evidence }: Case): Verdict {
  const learnt = paths.flatMap((path) => path.hops.filter((hop) => isLearnt(hop, path, evidence)));
  const [loss] = paths.flatMap((path) => lossyHops(path)).filter((one) => !learnt.some((hop) => isSame(hop, one)));
  if (loss) return { status: "unknown", because: doubtText(loss) };
  const hops = paths.flatMap((path) => path.hops);
  const ways = (["forward", "backward"] as const).map((way) => hops.filter(({ direction }) => direction === way));
  const compared = ways.every((way) => way.some(({ sent }) => sent >= MIN_SENT));
  if (!compared)
    return { status: "unknown", because: say("too few packets were seen at two points, each way, to compare them") };
  const gappy = paths.flatMap(({ taps }) => taps.filter(({ label }) => isGappy(label, evidence)));
  const values = {
    packets: counted(
      ways.reduce((sum, way) => sum + Math.max(...way.map(({ sent }) => sent)), 0),
      "packet",
    ),
    points: counted(new Set(hops.flatMap(({ from, to }) => [from, to])).size, "point"),
    lost: hops.reduce((sum, { lost }) => sum + lost, 0),
  };
  return gappy.length === 0
    ? { status: "cleared", because: say("{packets} were followed over {points}: {lost} were lost on the way", values) }
    : {
        status: "cleared",
        because: say(
          "{packets} were followed over {points}, {lost} were lost on the way; not all that {taps} recorded was kept",
          {
            ...values,
            taps: listed(gappy.map(({ label }) => label)),
          },
        ),
      };
}

function doubtText({ from, to, lost, sent, doubt }: LossyHop): Sentence {
  const values = { lost, sent: counted(sent, "packet"), from, to };
  switch (doubt) {
    case "few":
      return say("{lost} of {sent} from {from} to {to} are missing: too few to tell", values);
    case "changed":
      return say(
        "{lost} of {sent} from {from} to {to} are missing, but about as many that nobody sent appeared: they were changed",
        values,
      );
    case "recorder":
      return say(
        "{lost} of {sent} from {from} to {to} are missing, but about as many were missed by the recorders",
        values,
      );
    default:
      return say(
        "{lost} of {sent} from {from} to {to} are missing, but not all that was recorded there was kept",
        values,
      );
  }
}

/** Files were let go before they could be kept: what is not in the others may have been in these. */
function isGappy(label: string, evidence: EvidenceSet): boolean {
  return (evidence.get(captureKept, label)?.letGo ?? 0) > 0;
}

function confirmations(from: Tap, to: Tap, { kind }: Between): readonly string[] {
  const at = ({ netns, node, label }: Tap): string =>
    netns === "node" ? `on ${node}` : `in the network of ${label.split(" ")[0]}`;
  const looks = [from, to].map(
    (tap) => `tcpdump -ni ${tap.device}   # ${at(tap)}, at the same time: packets of the one that the other lacks`,
  );
  switch (kind) {
    case "cable":
      return [...looks, `cat /proc/net/softnet_stat; ip -s link show dev ${to.device}   # ${at(to)}, twice: dropped`];
    case "wire":
      return [
        ...looks,
        ...[from, to].map(
          ({ device, node }) =>
            `ethtool -S ${device}; ip -s -s link show dev ${device}   # on ${node}, twice: errors, drops, misses`,
        ),
      ];
    case "stack":
      return [
        ...looks,
        `nstat -as; tc -s qdisc show dev ${to.device}; iptables-save -c; nft list ruleset   # on ${to.node}, twice: what counts drops`,
      ];
  }
}

function advice(from: Tap, to: Tap, { kind }: Between): Sentence {
  switch (kind) {
    case "cable":
      return say(
        "Look at the pod's cable on {node}: whether the pod's CPUs keep up, and what programs are attached to {device}",
        { node: to.node, device: to.device },
      );
    case "wire":
      return say(
        "Look at what connects {from} with {to}: switch ports, cables, bonds, limits of the cloud network, receive rings",
        { from: from.node, to: to.node },
      );
    case "stack":
      return say(
        "Look at what {node} does with packets between {from} and {to}: packet filters, reverse-path filter, routes, queues",
        { node: to.node, from: from.device, to: to.device },
      );
  }
}
