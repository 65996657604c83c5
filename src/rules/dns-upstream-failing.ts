import { dnsEvidence } from "../core/dns-evidence.ts";
import { type DnsFacts, dnsFacts, failing, isDead, isGood, sufferingLegs, type Tally } from "../core/dns-facts.ts";
import { endingsText, serverLine, servicePlace } from "../core/dns-text.ts";
import type { Rule } from "../core/rule.ts";
import { listed, say } from "../core/sentence.ts";

const MIN_QUERIES = 3;
const MIN_SHARE = 0.5;

/**
 * The cluster's own names are answered, names of outside are not: the servers to which the DNS pods pass them on are silent.
 * Decisive is asking those servers from the DNS pods' own network. Only root queries are used, which need no name to exist.
 * Fooled by resolvers that answer the root with an error (they live: any quick answer clears), by clusters without a way
 * out and without a forwarder (REFUSED: cleared), by one of two forwarders being down (the other one answers), and by a path
 * to the DNS pods that loses everything alike (then this is a symptom of what is found there).
 */
export const dnsUpstreamFailing: Rule = {
  name: "dns-upstream-failing",
  title: "Names outside the cluster cannot be resolved",
  needs: [dnsEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    if (!facts || facts.outside.sent < MIN_QUERIES)
      return { status: "unknown", because: say("too few names of outside were asked for") };
    const { outside, names, used, at, plan } = facts;
    const behind = facts.behind.filter(({ tally }) => tally.sent >= MIN_QUERIES);
    const alive = behind.filter(({ tally }) => answers(tally));
    const silent = silence(outside);
    const cleared = {
      status: "cleared" as const,
      because: say("{bad} of {sent} queries for names of outside failed at {server}", {
        bad: silent,
        sent: outside.sent,
        server: used,
      }),
    };
    if (silent < MIN_QUERIES || silent / outside.sent < MIN_SHARE) return cleared;
    if (!isGood(names))
      return { status: "unknown", because: say("names of the cluster fail as well at {server}", { server: used }) };
    // A server that says SERVFAIL at once may be right; only silence behind it, or none of its own, tells.
    if (behind.length > 0 && alive.length > 0 && !mostlySilent(facts)) return cleared;
    if (behind.length === 0 && !mostlySilent(facts))
      return { status: "unknown", because: say("the servers behind the DNS pods could not be asked") };
    const dead = behind.filter(({ tally }) => isDead(tally) || failing(tally) > 0.9);
    const proven = behind.length > 0 && dead.length === behind.length;
    const legs = sufferingLegs(facts);
    return [
      {
        status: "suspected",
        confidence: proven ? "certain" : alive.length > 0 ? "possible" : "likely",
        where: servicePlace(facts),
        because: [
          say(
            "names of outside fail: {bad} of {sent} root queries of {pod} to {server} ({endings}); those of the cluster are answered",
            {
              bad: silent,
              sent: outside.sent,
              pod: at.label,
              server: used,
              endings: endingsText(outside),
            },
          ),
          ...(dead.length === 0
            ? []
            : [
                say("asked from the DNS pods themselves, {servers} do not answer", {
                  servers: listed([...new Set(dead.map(({ address }) => address))]),
                }),
              ]),
          ...behind.map(({ server, address, tally }) => serverLine(`${server} > ${address}`, tally)),
          serverLine(`${plan.service} (${plan.ip})`, names),
        ],
        against: alive.map(({ address, server }) => say("{address} answers {server}", { address, server })),
        confirm: behind
          .slice(0, 2)
          .map(({ address, server }) => `dig @${address} . NS +time=2 +tries=1   # from ${server}`),
        advice: [
          say(
            "Restore {servers}, or let the DNS pods forward to servers that answer (forward in the Corefile, resolv.conf of the nodes)",
            {
              servers: listed([...new Set((dead.length > 0 ? dead : facts.behind).map(({ address }) => address))]),
            },
          ),
        ],
        explains: [],
        ...(legs.length > 0 && !proven ? { legs, yields: true } : {}),
      },
    ];
  },
};

/** Queries that ended in silence or in the error that a server gives when it got nothing from behind. */
function silence({ lost, outcomes }: Tally): number {
  return lost + (outcomes["servfail"] ?? 0) + (outcomes["refused"] ?? 0) + (outcomes["unreachable"] ?? 0);
}

/** Whether anything came back, an error included: then somebody is there. */
function answers({ sent, lost, outcomes }: Tally): boolean {
  return (
    sent - lost - (outcomes["refused"] ?? 0) - (outcomes["unreachable"] ?? 0) - (outcomes["prohibited"] ?? 0) >=
    0.5 * sent
  );
}

/** SERVFAIL after a wait, or no answer at all: the server waited in vain itself. */
function mostlySilent({ outside }: DnsFacts): boolean {
  return outside.lost + outside.late >= 0.5 * outside.sent || (outside.p50 ?? 0) >= 1_000;
}
