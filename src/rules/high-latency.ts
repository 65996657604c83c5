import { legText } from "../core/anomaly-text.ts";
import { crosses, endsOf } from "../core/elements.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import type { Leg } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { msText } from "../core/units.ts";

/** Median round trips above these are much for the distance, ms: one zone, two zones of a region, zones not known. */
const NEAR_MS = 8;
const ZONES_MS = 20;
const UNKNOWN_MS = 50;
const MIN_ANSWERS = 20;

/**
 * The path is slow as a whole and nothing tells why: half of its round trips take longer than machines that far apart
 * need (8 ms in one zone, 20 ms between two, 50 ms where zones are not known). The weakest of all answers: distance,
 * a slow line or a queue look alike.
 * It stays silent where a delay has a place (link-delay and nic-periodic-delay speak then), while the observer is busy,
 * and about connects and requests, whose time the server spends.
 */
export const highLatency: Rule = {
  name: "high-latency",
  title: "Round trips take long",
  needs: [pingEvidence],
  evaluate(seen) {
    const { plan, evidence, comparison } = seen;
    const judged = plan.legs
      .filter((leg) => leg.part === "end-to-end" && crosses(leg))
      .flatMap((leg) => {
        const data = evidence.get(pingEvidence, leg.id);
        return data?.rttMs && data.received >= MIN_ANSWERS ? [{ leg, rtt: data.rttMs, most: limitFor(leg, seen) }] : [];
      });
    if (judged.length === 0)
      return { status: "unknown", because: say("too few echoes between the ends were answered") };
    const [slowest] = judged.toSorted((a, b) => b.rtt.p50 - a.rtt.p50);
    const slow = judged.filter(({ rtt, most }) => rtt.p50 > most);
    // Two nodes without a third to compare with are link-delay's.
    const placed =
      comparison.late.some(({ onPath }) => onPath) || new Set(plan.vantages.map(({ node }) => node)).size < 3;
    if (slow.length === 0 || placed || comparison.busy.size > 0)
      return {
        status: "cleared",
        because: say("half of the round trips between the ends take {p50} or less", {
          p50: msText(slowest?.rtt.p50 ?? 0),
        }),
      };
    const [first] = slow as [(typeof slow)[number]];
    const { from, to } = endsOf(first.leg, plan);
    const suspicion: Suspicion = {
      status: "suspected",
      confidence: "possible",
      where: { kind: "pair", name: from?.node ?? "", ...(to ? { peer: to.node } : {}) },
      because: slow.map(({ leg, rtt, most }) =>
        say("{leg}: median {p50}, 99th percentile {p99}; up to {most} would be usual for the distance", {
          leg: legText(leg, plan),
          p50: msText(rtt.p50),
          p99: msText(rtt.p99),
          most: msText(most),
        }),
      ),
      against: [
        say("no leg tells a place: all ways between {nodes} may be that long", {
          nodes: listed([...new Set([from?.node ?? "", to?.node ?? ""])]),
        }),
      ],
      confirm: [`mtr -n -c 50 ${first.leg.toIp}   # from ${from?.label ?? first.leg.from}`],
      advice: [
        say(
          "Compare with what the distance explains: about 1 ms per 100 km, then look for queues and detours on the way",
        ),
      ],
      explains: [],
      legs: slow.map(({ leg }) => leg.id),
    };
    return [suspicion];
  },
};

function limitFor(leg: Leg, { plan }: Case): number {
  const { from, to } = endsOf(leg, plan);
  if (from?.zone === undefined || to?.zone === undefined) return UNKNOWN_MS;
  return from.zone === to.zone ? NEAR_MS : ZONES_MS;
}
