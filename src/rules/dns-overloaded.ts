import { dnsEvidence, QUERY_MS, SLOW_MS } from "../core/dns-evidence.ts";
import { type DnsFacts, dnsFacts, isDead, sufferingLegs, type Tally } from "../core/dns-facts.ts";
import { locate } from "../core/dns-place.ts";
import { controlLines, digs, serverLines } from "../core/dns-text.ts";
import { pingEvidence } from "../core/leg-evidence.ts";
import type { Rule } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";
import { wilson } from "../core/stats.ts";
import { msText, percentText } from "../core/units.ts";

/** How many answers, which part of all, and which part beyond doubt: late ones, for which nobody waits, count for more. */
const SLOW = { count: 8, share: 0.3, sure: 0.1 } as const;
const LATE = { count: 5, share: 0.1, sure: 0.04 } as const;
/** A way accounts for slow answers when its own echoes take this part of their time now and then. */
const ACCOUNTS = 0.5;
/** From here on it is slow even where the machines are busy. */
const MOST = 0.5;

/**
 * Answers about the cluster's own names, which a server knows by itself, take long: three tenths of them more than 250 ms at
 * least, or a tenth more than 2 s, while echoes to the same pods are fast. So the servers are slow, not the way and not those
 * behind them.
 * Fooled by a slow server outside (only names of the cluster count), by one slow moment (eight are needed, or five late ones),
 * by a path that is late (echoes to the servers take half as long or more: a symptom), and by a busy asker (others are
 * answered in time: cleared).
 */
export const dnsOverloaded: Rule = {
  name: "dns-overloaded",
  title: "DNS answers slowly",
  needs: [dnsEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    if (!facts || facts.names.sent < 5) return { status: "unknown", because: say("too few names were asked for") };
    const { names, used, at } = facts;
    if (isDead(names)) return { status: "unknown", because: say("{server} answers nothing", { server: used }) };
    const values = { slow: names.slow, sent: names.sent, pod: at.label, server: used, ms: msText(SLOW_MS) };
    if (!isSlow(names))
      return {
        status: "cleared",
        because: say("{slow} of {sent} queries of {pod} to {server} took more than {ms}", values),
      };
    const slowMs = Math.max(SLOW_MS, names.p50 ?? 0);
    const legs = sufferingLegs(facts).filter(
      (id) => (seen.evidence.get(pingEvidence, id)?.rttMs?.p99 ?? slowMs) >= ACCOUNTS * slowMs,
    );
    const { where, what, sure } = locate(facts, ({ slow, sent, lost }) => ({ bad: slow, of: sent - lost }));
    const busy = [...seen.comparison.busy.keys()];
    if (busy.length > 0 && names.slow < MOST * names.sent)
      return {
        status: "unknown",
        because: say("{nodes} were busy: slow answers cannot be told from that", { nodes: listed(busy) }),
      };
    // Only for this pod or this node: then not the servers are slow, but who asks, or the way.
    if (where.kind === "node" || where.name === at.label) return { status: "cleared", because: what };
    return [
      {
        status: "suspected",
        confidence: sure && legs.length === 0 ? "certain" : "likely",
        where,
        because: [
          say("{slow} of {sent} queries of {pod} to {server} took more than {ms} ({share})", {
            ...values,
            share: percentText(names.slow / names.sent),
          }),
          ...(names.late > 0
            ? [
                say("{late} of them took more than {ms}, when programs have often asked again", {
                  late: names.late,
                  ms: msText(QUERY_MS),
                }),
              ]
            : []),
          what,
          ...serverLines(facts),
          ...controlLines(facts),
          ...fastEchoes(facts),
        ],
        against: [],
        confirm: digs(facts, "+stats"),
        advice: [
          say("Give the pods behind {service} more CPU or more replicas, and look for who asks so much", {
            service: facts.plan.service,
          }),
          say("Use a node-local DNS cache, so that repeated names do not reach them"),
        ],
        explains: ["dns-path-loss"],
        ...(legs.length > 0 ? { legs, yields: true } : {}),
      },
    ];
  },
};

function isSlow({ slow, late, sent }: Tally): boolean {
  const isMuch = (found: number, { count, share, sure }: typeof SLOW | typeof LATE): boolean =>
    found >= count && found / sent >= share && wilson(found, sent).low > sure;
  return isMuch(slow, SLOW) || isMuch(late, LATE);
}

function fastEchoes({ servers }: DnsFacts) {
  const fast = servers.filter(({ leg }) => leg && leg.sent >= 20 && leg.state === "healthy");
  if (fast.length === 0) return [];
  return [
    say("echoes to {count} of {of} DNS pods are on time: the servers are slow, not the way", {
      count: fast.length,
      of: servers.length,
    }),
  ];
}
