import { dnsEvidence } from "../core/dns-evidence.ts";
import { type DnsFacts, dnsFacts, isDead, losesNames, sufferingLegs } from "../core/dns-facts.ts";
import { locate } from "../core/dns-place.ts";
import { controlLines, digs, serverLines } from "../core/dns-text.ts";
import { intervalText } from "../core/interval-text.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, type Sentence, say } from "../core/sentence.ts";
import { wilson } from "../core/stats.ts";
import { percentText } from "../core/units.ts";
import { captureDns } from "../pcap/capture-evidence.ts";
import { isWhole, tapsOf } from "../pcap/tap-evidence.ts";

/**
 * A share of the pod's queries is never answered although the servers answer others: at least three, 2 % beyond doubt
 * (Wilson 95 %), less than 90 %; or as much is lost by each DNS pod that is asked directly, and what the pod itself lost
 * does not contradict that, or by one of them, and the pod itself lost two. Each DNS pod asked directly, and the same from a pod of the same and of another node, tell
 * whether it is one server, all of them, this pod, or this node.
 * Fooled by slow answers (they come after the deadline: dns-overloaded), by a path that loses everything alike (then
 * echoes to the servers are lost too, and this is a symptom of what is found there), and by one that loses some flows and spares
 * others: echoes are one flow, queries are many (then they fare no worse than what is found there).
 */
export const dnsPathLoss: Rule = {
  name: "dns-path-loss",
  title: "DNS queries are lost",
  needs: [dnsEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    if (!facts || facts.names.sent < 5) return { status: "unknown", because: say("too few names were asked for") };
    const { names, used, at } = facts;
    if (!(losesNames(names) || allLose(facts) || someLose(facts)) || isDead(names) || names.late > names.lost)
      return {
        status: isDead(names) ? "unknown" : "cleared",
        because: say("{lost} of {sent} queries of {pod} to {server} got no answer", {
          lost: names.lost,
          sent: names.sent,
          pod: at.label,
          server: used,
        }),
      };
    return suspicion(facts, seen);
  },
};

/** The pod's own queries are few. Those that it sent to all who might answer them meet the same. */
function allLose({ names, servers, used, plan }: DnsFacts): boolean {
  if (used !== plan.ip || servers.length === 0) return false;
  const { high } = wilson(names.lost, names.sent);
  return servers.every(
    ({ here }) => losesNames(here) && here.late <= here.lost && wilson(here.lost, here.sent).low < high,
  );
}

/** What a DNS pod loses of direct queries, the Service leads into as well, if not as often. A filter of direct ones takes all. */
function someLose({ names, servers, used, plan }: DnsFacts): boolean {
  return (
    used === plan.ip &&
    names.lost >= 2 &&
    servers.some(({ here }) => losesNames(here) && !isDead(here) && here.late <= here.lost)
  );
}

/** What the nearest and the farthest tap saw of queries. */
function capturedTexts({ evidence }: Case): readonly Sentence[] {
  const seen = tapsOf(evidence).flatMap((tap) => {
    const dns = isWhole(tap, evidence) ? evidence.get(captureDns, tap.label) : undefined;
    return dns && dns.queries > 0 ? [{ tap: tap.label, ...dns }] : [];
  });
  return [...new Set([seen[0], seen.at(-1)])].flatMap((one) =>
    one
      ? [
          say(
            "captured at {tap}: {queries}, of which {unanswered} got no answer there and {repeated} were sent again",
            {
              tap: one.tap,
              queries: counted(one.queries, "DNS query", "DNS queries"),
              unanswered: one.unanswered,
              repeated: one.repeated,
            },
          ),
        ]
      : [],
  );
}

/** The address that lost enough to be named for: the one that the pod uses or, of the DNS pods, the one that lost most. */
function decisive({ names, servers, used }: DnsFacts): {
  readonly server: string;
  readonly lost: number;
  readonly sent: number;
} {
  const own = { server: used, lost: names.lost, sent: names.sent };
  if (losesNames(names)) return own;
  return servers
    .map(({ label, here }) => ({ server: label, lost: here.lost, sent: here.sent }))
    .reduce((most, one) => (one.lost > most.lost ? one : most), own);
}

/** Legs to servers that cross a place which loses as much as the queries do, whatever became of the one flow of echoes. */
function sharingLegs({ servers }: DnsFacts, { comparison }: Case): readonly string[] {
  const places = comparison.loss.filter(({ element }) => !element.kind.startsWith("icmp-"));
  return servers.flatMap(({ leg, here }) => {
    const { low } = wilson(here.lost, here.sent);
    const shares = places.some(({ legs, share }) => leg && legs.includes(leg.leg.id) && low <= share.high);
    return leg && shares && losesNames(here) ? [leg.leg.id] : [];
  });
}

function suspicion(facts: DnsFacts, seen: Case): Suspicion {
  const { at } = facts;
  const { where, what, sure } = locate(facts, ({ lost, sent }) => ({ bad: lost, of: sent }));
  const { server, lost, sent } = decisive(facts);
  const share = wilson(lost, sent);
  const among = sharingLegs(facts, seen);
  const legs = [...new Set([...sufferingLegs(facts), ...among])];
  const clean = facts.servers.filter(
    ({ leg }) => leg && leg.sent >= 20 && leg.lost === 0 && !among.includes(leg.leg.id),
  );
  return {
    status: "suspected",
    confidence: sure ? "certain" : "likely",
    where,
    because: [
      say("{lost} of {sent} queries of {pod} to {server} got no answer ({share}, {interval})", {
        lost,
        sent,
        pod: at.label,
        server,
        share: percentText(share.share),
        interval: intervalText(share),
      }),
      what,
      ...serverLines(facts),
      ...controlLines(facts),
      ...capturedTexts(seen),
      ...(clean.length === 0
        ? []
        : [
            say("echoes to {count} of {of} DNS pods are not lost: it is about port 53, not about the path", {
              count: clean.length,
              of: facts.servers.length,
            }),
          ]),
    ],
    against: [],
    confirm: digs(facts),
    advice: [
      say(
        "Look at {place}: packet filters and conntrack for port 53, UdpRcvbufErrors of the DNS pods, their CPU limits",
        {
          place: where.name,
        },
      ),
      say("Until then: options timeout:1 attempts:3 and a node-local DNS cache make applications wait less"),
    ],
    explains: ["dns-conntrack-race"],
    ...(legs.length > 0 ? { legs, yields: true } : {}),
  };
}
