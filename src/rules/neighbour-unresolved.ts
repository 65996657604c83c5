import { cutOff } from "../core/between-nodes.ts";
import { crosses, endsOf, isPod, placeOf } from "../core/elements.ts";
import { asked } from "../core/path-facts.ts";
import type { Leg, Vantage } from "../core/plan.ts";
import { lookUp, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { idsOf, sufferText } from "../core/suffering.ts";
import { nodeVantage, tunnelsEvidence } from "../core/tunnels.ts";
import { countersEvidence } from "../probes/counters.ts";
import { neighboursEvidence } from "../probes/neighbours.ts";

/** A next hop that a place needs, and the legs whose packets go there. */
type Hop = { readonly at: Vantage; readonly ip: string; readonly device: string; readonly legs: Set<Leg> };

const NEARLY_ALL = 0.75;
const UNRESOLVED = /FAILED|INCOMPLETE/;

/**
 * Nobody answers for the address of the next hop: packets wait for its MAC address and are dropped. Decisive are the neighbour
 * entry of just that hop and device, unresolved in the readings, and all legs whose packets need it cut off.
 * Fooled by entries of addresses that nobody needs (FAILED is normal for them; STALE is normal anyway), by tunnels and other
 * devices without ARP (their entries are permanent or NOARP), by proxies that answer for everybody (an entry then has their MAC
 * address), and by whatever else keeps the other side from answering: a pod that ended, a node that is down, a broken cable, a
 * wire that loses everything. Those come before it, and this is listed beneath them.
 */
export const neighbourUnresolved: Rule = {
  name: "neighbour-unresolved",
  title: "Next hop does not answer ARP",
  needs: [neighboursEvidence],
  evaluate(seen) {
    const hops = hopsOf(seen);
    const suspicions = hops.flatMap((hop) => suspect(hop, seen));
    if (suspicions.length > 0) return suspicions;
    const read = hops.filter(({ at }) => seen.evidence.get(neighboursEvidence, at.id));
    if (read.length === 0)
      return { status: "unknown", because: say("the neighbour tables of the path could not be read") };
    return {
      status: "cleared",
      because: say("the next hops of {places} have MAC addresses, or packets pass", {
        places: listed([...new Set(read.map(({ at }) => at.label))]),
      }),
    };
  },
};

/** Every next hop that packets of the legs and their answers take, as far as routing tables tell. */
function hopsOf({ plan, evidence }: Case): readonly Hop[] {
  const found = new Map<string, Hop>();
  const add = (at: Vantage | undefined, towards: string, leg: Leg): void => {
    const routes = at && evidence.get(routesEvidence, at.id)?.versions.at(-1)?.value;
    if (!at || !routes || at.ip === towards) return;
    const { kind, route } = lookUp(routes, towards);
    if (kind === "nothing" || kind === "refused" || route?.dev === undefined || route.type === "local") return;
    const ip = route.gateway ?? towards;
    const key = `${at.id} ${ip} ${route.dev}`;
    const hop = found.get(key) ?? { at, ip, device: route.dev, legs: new Set<Leg>() };
    hop.legs.add(leg);
    found.set(key, hop);
  };
  for (const leg of plan.legs) {
    const { from, to } = endsOf(leg, plan);
    if (!from) continue;
    const near = nodeVantage(plan, from.node);
    add(from, leg.toIp, leg);
    if (isPod(from)) add(near, from.ip, leg);
    if (!to) continue;
    const far = nodeVantage(plan, to.node);
    add(to, from.ip, leg);
    if (isPod(to)) add(far, to.ip, leg);
    if (crosses(leg) && near && far) {
      add(near, far.ip, leg);
      add(far, near.ip, leg);
    }
  }
  return [...found.values()];
}

function suspect({ at, ip, device, legs }: Hop, seen: Case): readonly Suspicion[] {
  const { plan, evidence, comparison } = seen;
  if (evidence.get(tunnelsEvidence, at.id)?.devices.some(({ name }) => name === device)) return [];
  const entry = evidence
    .get(neighboursEvidence, at.id)
    ?.neighbours.find((one) => one.ip === ip && one.device === device);
  if (!entry || entry.mac !== undefined || !UNRESOLVED.test(entry.state)) return [];
  const results = [...legs].flatMap(({ id }) => comparison.legs.get(id) ?? []).filter(({ sent }) => sent > 0);
  const dead = results.filter(cutOff);
  if (dead.length < NEARLY_ALL * results.length || !dead.some(({ leg }) => asked(leg))) return [];
  const owner = plan.vantages.find((one) => one.ip === ip);
  const unresolved = entry.unresolved ?? 1;
  const waited = evidence.get(countersEvidence, at.id)?.gained["IpOutDiscards"] ?? 0;
  return [
    {
      status: "suspected",
      confidence: unresolved > 1 ? "certain" : "likely",
      where: placeOf(owner ?? at),
      because: [
        say("{at} gets no answer to ARP for {hop} on {device}: the entry is {state} in {count} readings", {
          at: at.label,
          hop: owner ? `${owner.label} (${ip})` : ip,
          device,
          state: entry.state,
          count: unresolved,
        }),
        sufferText(dead, plan),
        ...(waited > 0
          ? [say("{at} discarded {count} packets meanwhile (IpOutDiscards)", { at: at.label, count: waited })]
          : []),
      ],
      against: [],
      confirm: [
        `ip neigh show ${ip} dev ${device}; arping -c 3 -I ${device} ${ip}   # at ${at.label}`,
        `tcpdump -n -i ${device} arp and host ${ip}   # at ${at.label}: who asks, who answers`,
      ],
      advice: [
        say(
          "Find out why {hop} does not answer ARP: its device, its settings (arp_ignore, arp off), a filter for ARP, its VLAN",
          {
            hop: owner?.label ?? ip,
          },
        ),
        say("Look whether {device} of {at} is in the network in which {hop} is", {
          device,
          at: at.label,
          hop: owner?.label ?? ip,
        }),
      ],
      explains: [
        "tunnel-blocked",
        "network-policy-deny",
        "port-filtered",
        "dns-down",
        "dns-path-loss",
        "dns-upstream-failing",
        "path-member-loss",
        "path-loss",
        "high-latency",
      ],
      alike: ["path-loss"],
      legs: idsOf(results),
    },
  ];
}
