import { isIpv6 } from "../core/ip-family.ts";
import type { Place } from "../core/place.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { mtuEvidence } from "../core/size-evidence.ts";
import {
  betweenNodes,
  blockedOnPath,
  clearest,
  exactOf,
  legsOf,
  placeOf,
  type SizedResult,
  sizedResults,
  wayText,
} from "../core/size-trouble.ts";
import { clockText, msText } from "../core/units.ts";
import { capturedSizes } from "../pcap/captured-sizes.ts";
import { sysctlsEvidence } from "../probes/sysctls.ts";
import { exitsOf } from "./mtu-overlay-too-large.ts";

/** A limit that appears this long after the start of the check began meanwhile. */
const LATER_MS = 8_000;
/** What IP and TCP, and IP and ICMP, put before what is sent. */
const headersOf = ({ leg }: SizedResult) => (isIpv6(leg.toIp) ? { tcp: 60, echo: 48 } : { tcp: 40, echo: 28 });

/**
 * Packets above a size vanish on the way, and the sender is not told, so that connections open and then stall. Decisive are
 * two things together: echoes up to a size in bytes are answered and none above it (5 or more, judged against the loss of
 * small ones), and full-size TCP segments are sent again and again for 2 s without an acknowledgement while the same bytes
 * in small segments pass. The place is what all blocked ways share and no other way of their kind does.
 * Where no transfer could be tried, captures of what programs sent may say the same.
 * Fooled by networks that filter large echoes only (TCP passes: cleared), by loss at all sizes (then no size separates what
 * passes from what does not), by MTUs that differ while "fragmentation needed" arrives (TCP adapts within a round trip:
 * cleared), and by ports that a policy blocks (no transfer, so nothing is proven: unknown).
 */
export const mtuBlackHole: Rule = {
  name: "mtu-black-hole",
  title: "Large packets vanish",
  needs: [mtuEvidence],
  evaluate(seen) {
    const measured = sizedResults(seen.plan, seen.evidence);
    // What no transfer of ours could tell, those of programs do.
    const results = capturedSizes(seen).proves
      ? measured.map((one) => (one.state === "echoes" ? { ...one, state: "blocked" as const } : one))
      : measured;
    const blocked = blockedOnPath(results);
    const best = clearest(blocked);
    return best ? suspicion(best, blocked, results, seen) : verdictWithout(results);
  },
};

function verdictWithout(results: readonly SizedResult[]): ReturnType<Rule["evaluate"]> {
  const asked = results.filter(({ leg }) => leg.part !== "control");
  const limitOf = ({ way, stalled }: SizedResult): number => way.limit?.bytes ?? stalled[0]?.packet ?? 0;
  const beside = results.find(({ state }) => state === "blocked");
  if (beside) {
    const values = { way: wayText(beside), bytes: limitOf(beside) };
    return {
      status: "cleared",
      because: say("large packets cross on the asked path; beside it, {way} stops at {bytes} bytes", values),
    };
  }
  const echoes = asked.find(({ state }) => state === "echoes");
  if (echoes)
    return {
      status: "unknown",
      because: say(
        "echoes above {bytes} bytes get no answer on {way}; no TCP transfer was possible that could tell whether anything else is concerned",
        { bytes: limitOf(echoes), way: wayText(echoes) },
      ),
    };
  const spared = asked.find(({ state }) => state === "spared");
  if (spared) {
    const packet = spared.way.transfers.findLast(({ outcome }) => outcome === "done")?.packet ?? 0;
    const teller = spared.way.fragNeeded[0]?.from;
    const values = { bytes: limitOf(spared), way: wayText(spared), packet };
    const because =
      teller === undefined
        ? say("echoes above {bytes} bytes get no answer on {way}, but TCP passes in packets of {packet} bytes", values)
        : say("{way} carries {bytes} bytes, {teller} says so, and TCP adapts", { ...values, teller });
    return { status: "cleared", because };
  }
  const first = asked.find(({ state }) => state === "fine");
  if (!first) return { status: "unknown", because: say("neither large nor small packets were answered") };
  const bytes = first.way.largest ?? first.way.transfers.at(-1)?.packet ?? 0;
  return {
    status: "cleared",
    because: say("packets of {bytes} bytes cross on {way}, larger ones are not sent", { bytes, way: wayText(first) }),
  };
}

function suspicion(
  best: SizedResult,
  blocked: readonly SizedResult[],
  results: readonly SizedResult[],
  seen: Case,
): Suspicion {
  const { plan } = seen;
  const where: Place = placeOf(results) ?? { kind: "node", name: best.from.node };
  const fine = results.filter(({ state, leg }) => state === "fine" && leg.scope === best.leg.scope);
  return {
    status: "suspected",
    confidence: exactOf(best) !== undefined && blocked.length > 1 ? "certain" : "likely",
    where,
    because: [
      ...sizeTexts(best, plan.window.startMs),
      ...proofTexts(best),
      ...capturedSizes(seen).texts,
      silenceText(best),
      ...deviceTexts(best, blocked, seen),
      ...(fine.length > 0 ? [say("packets of full size cross on {ways}", { ways: listed(fine.map(wayText), 3) })] : []),
    ],
    against: best.way.limit
      ? []
      : [say("echoes are not answered on {way}, so the size is not known to the byte", { way: wayText(best) })],
    confirm: confirmTexts(best),
    advice: adviceTexts(best, blocked, seen),
    explains: ["path-loss", "high-latency"],
    legs: legsOf(blocked, plan),
  };
}

function sizeTexts(best: SizedResult, startMs: number): readonly Sentence[] {
  const { limit } = best.way;
  if (!limit) return [];
  const { bytes, above, answered, tried, unanswered, fromMs, endedMs } = limit;
  const counts = { way: wayText(best), bytes, answered, tried, unanswered };
  return [
    exactOf(best) === undefined
      ? say(
          "on {way} IP packets of {bytes} bytes cross, those of {above} bytes and more vanish: {answered} of {tried} echoes up to the one size were answered, none of {unanswered} from the other on",
          { ...counts, above },
        )
      : say(
          "on {way} IP packets of up to {bytes} bytes cross and larger ones vanish: {answered} of {tried} echoes up to that size were answered, none of {unanswered} above it",
          counts,
        ),
    ...(fromMs > startMs + LATER_MS ? [say("it began about {time}", { time: clockText(fromMs) })] : []),
    ...(endedMs === undefined
      ? []
      : [say("it had ended by {time}: larger packets crossed again", { time: clockText(endedMs) })]),
  ];
}

/** What TCP did with the same way. */
function proofTexts(best: SizedResult): readonly Sentence[] {
  const stall = best.stalled.toSorted((a, b) => (b.resent ?? 0) - (a.resent ?? 0))[0];
  if (!stall) return [];
  const { packet = 0, resent = 0, ms, bytes } = stall;
  return [
    say(
      "TCP on {way} connects, small packets are acknowledged, and then full-size segments ({packet}-byte packets) are not: sent again {resent} times in {time} without an acknowledgement, in each of {stalls} tries",
      { way: wayText(best), packet, resent, time: msText(ms), stalls: best.stalled.length },
    ),
    ...(best.small
      ? [
          say("the same {bytes} bytes in packets of {small} pass within {time}", {
            bytes,
            small: best.small.packet ?? 0,
            time: msText(best.small.ms),
          }),
        ]
      : []),
  ];
}

function silenceText({ way, leg }: SizedResult): Sentence {
  const [first] = way.fragNeeded;
  if (!first && isIpv6(leg.toIp)) return say('no "packet too big" came back to the sender');
  if (!first) return say('no "fragmentation needed" came back to the sender');
  return say('"fragmentation needed" came back from {from} (MTU {mtu}), but TCP did not recover', {
    from: first.from,
    mtu: first.mtu,
  });
}

/** What the devices at both ends take, and what is left between them. */
function deviceTexts(best: SizedResult, blocked: readonly SizedResult[], seen: Case): readonly Sentence[] {
  const exits = exitsOf([best], seen).map(({ exit }) => exit);
  const between = blocked.find((one) => one.leg.scope === "underlay" && exactOf(one) !== undefined);
  const underlay = between && exactOf(between);
  const exact = exactOf(best);
  const own = best.way.deviceMtu;
  const devices = [
    ...(own === undefined ? [] : [`${best.from.label}/${best.way.device ?? "?"} ${own}`]),
    ...exits.map(({ node, device, mtu }) => `${node}/${device} ${mtu}`),
    ...exits.flatMap(({ node, device, nic, nicMtu }) =>
      nic === undefined || nic === device || nicMtu === undefined ? [] : [`${node}/${nic} ${nicMtu}`],
    ),
  ];
  const wrapped = exits.find(({ overhead }) => overhead > 0);
  return [
    ...(devices.length > 0
      ? [say("every device that could be read takes more: {devices}", { devices: listed([...new Set(devices)], 6) })]
      : []),
    ...(underlay === undefined || exact === undefined || best.leg.scope === "underlay"
      ? []
      : [
          say(
            "between the nodes at most {bytes} bytes cross, {overhead} more, which is what {kind} adds to a pod's packet",
            {
              bytes: underlay,
              overhead: underlay - exact,
              kind: wrapped?.kind ?? "the overlay",
            },
          ),
        ]),
  ];
}

function confirmTexts(best: SizedResult): readonly string[] {
  const bytes = exactOf(best);
  const at = `# in the network of ${best.from.label}`;
  const headers = headersOf(best).echo;
  if (bytes === undefined) return [`tracepath -n ${best.leg.toIp}   ${at}`];
  return [
    `ping -M do -c 3 -s ${bytes - headers} ${best.leg.toIp}   ${at}: answered`,
    `ping -M do -c 3 -s ${bytes - headers + 1} ${best.leg.toIp}   ${at}: not`,
  ];
}

function adviceTexts(best: SizedResult, blocked: readonly SizedResult[], { evidence }: Case): readonly Sentence[] {
  const probing = evidence.get(sysctlsEvidence, best.from.id)?.values["ipv4/tcp_mtu_probing"];
  const bytes = exactOf(best);
  const underlay = blocked.find(({ leg, way }) => leg.scope === "underlay" && way.limit)?.way;
  const wanted = underlay?.deviceMtu ?? best.way.deviceMtu;
  const way = wayText(best);
  return [
    ...(wanted === undefined
      ? []
      : [
          say("Raise the MTU of what lies on the way {way} (switch port, bond member, cloud network, VPN) to {bytes}", {
            way,
            bytes: wanted,
          }),
        ]),
    ...(bytes === undefined
      ? [say("Lower the MTU of the senders until large packets cross")]
      : [
          say(
            "Or set the MTU of the pods and of the overlay's devices to {bytes} on all nodes (CNI configuration) and restart the pods",
            { bytes },
          ),
          say("Until then let TCP agree on smaller segments, with an MSS of {mss}: {command}", {
            mss: bytes - headersOf(best).tcp,
            command: `${isIpv6(best.leg.toIp) ? "ip6tables" : "iptables"} -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss ${bytes - headersOf(best).tcp}`,
          }),
        ]),
    ...(probing === "0"
      ? [
          say(
            "Or switch net.ipv4.tcp_mtu_probing to 1 at {at}: TCP then finds a size that passes after a few seconds",
            {
              at: best.from.label,
            },
          ),
        ]
      : []),
    ...(betweenNodes(best)
      ? [
          isIpv6(best.leg.toIp)
            ? say('Let ICMPv6 "packet too big" (type 2) pass on the way, so that senders learn the limit')
            : say('Let ICMP "fragmentation needed" (type 3, code 4) pass on the way, so that senders learn the limit'),
        ]
      : []),
  ];
}
