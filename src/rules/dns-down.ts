import { dnsEvidence } from "../core/dns-evidence.ts";
import { brokenLegs, type DnsFacts, dnsFacts, failing, isDead, isGood, type Tally } from "../core/dns-facts.ts";
import { controlLines, digs, endingsText, nodePlace, podPlace, serverLines, servicePlace } from "../core/dns-text.ts";
import type { Place } from "../core/place.ts";
import type { Rule, Suspicion } from "../core/rule.ts";
import { type Sentence, say } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";

/**
 * The pod cannot resolve names: 90 % and more of at least five queries to the server that its applications ask end in
 * silence or an error. Which of the servers answers whom tells where: the DNS pods answer directly but the Service address does not
 * (rules of this node, or of all nodes), nobody answers this pod or this node but others are served (filters, the way),
 * nobody is served by anyone (the servers).
 * Fooled by answers that only come late (not lost: dns-overloaded), by one dead server of several (dns-path-loss) and by
 * a resolver that the pod should not ask at all (dns-wrong-resolver). When echoes to the servers are lost as well the way
 * is to blame, and this is its symptom.
 */
export const dnsDown: Rule = {
  name: "dns-down",
  title: "Names cannot be resolved",
  needs: [dnsEvidence],
  evaluate(seen) {
    const facts = dnsFacts(seen);
    if (!facts || facts.names.sent < 5) return { status: "unknown", because: say("too few names were asked for") };
    if (!isDead(facts.names))
      return {
        status: "cleared",
        because: say("{pod} gets answers from {server}: {bad} of {sent} queries failed", {
          pod: facts.at.label,
          server: facts.used,
          bad: facts.names.lost + facts.names.failed,
          sent: facts.names.sent,
        }),
      };
    return suspicion(facts);
  },
};

type Finding = { readonly where: Place; readonly what: Sentence; readonly advice: Sentence; readonly sure: boolean };

function suspicion(facts: DnsFacts): Suspicion {
  const { where, what, advice, sure } = finding(facts);
  const legs = brokenLegs(facts);
  return {
    status: "suspected",
    confidence: sure ? "certain" : "likely",
    where,
    because: [
      say("{pod} cannot resolve names: {bad} of {sent} queries to {server} failed ({endings})", {
        pod: facts.at.label,
        server: facts.used,
        bad: facts.names.lost + facts.names.failed,
        sent: facts.names.sent,
        endings: endingsText(facts.names),
      }),
      what,
      ...serverLines(facts),
      ...controlLines(facts),
    ],
    against: [],
    confirm: digs(facts),
    advice: [advice],
    explains: ["dns-path-loss", "dns-upstream-failing", "dns-tcp-blocked", "dns-overloaded", "dns-stale-answer"],
    ...(legs.length > 0 ? { legs, yields: true } : {}),
  };
}

function finding(facts: DnsFacts): Finding {
  const { at, plan, servers, near, far } = facts;
  const direct = servers.filter(({ here }) => here.sent >= 3 && failing(here) < 0.5);
  const served = (one: { readonly service: Tally } | undefined): boolean => one !== undefined && isGood(one.service);
  if (direct.length > 0 && !isDead(facts.service) && facts.used !== plan.ip)
    return {
      where: nodePlace(at.node),
      what: say("the DNS Service answers, the resolver {server} of the node does not", { server: facts.used }),
      advice: say("Look at the node-local DNS cache on {node}: is its pod running, does it listen on {server}", {
        node: at.node,
        server: facts.used,
      }),
      sure: true,
    };
  if (direct.length > 0) {
    const values = { count: direct.length, of: servers.length, ip: plan.ip };
    const what = say(
      "{count} of {of} DNS pods answer when they are asked directly, the Service address {ip} does not",
      values,
    );
    if (served(near)) return { where: podPlace(at.label), what, advice: lookAtFilters(facts), sure: true };
    if (served(far))
      return {
        where: nodePlace(at.node),
        what,
        advice: say("Look at the Service rules of {node} and at kube-proxy there", { node: at.node }),
        sure: true,
      };
    return {
      where: servicePlace(facts),
      what,
      advice: say("Look at the endpoints of {service} and at the Service rules of the nodes", {
        service: plan.service,
      }),
      sure: far !== undefined,
    };
  }
  const reached = (from: "near" | "far"): boolean => servers.some((server) => isGood(server[from]));
  if (served(near) || reached("near"))
    return {
      where: podPlace(at.label),
      what: say("other pods of {node} are answered, {pod} is not", { node: at.node, pod: at.label }),
      advice: lookAtFilters(facts),
      sure: true,
    };
  if (served(far) || reached("far"))
    return {
      where: nodePlace(at.node),
      what: say("pods of other nodes are answered, those of {node} are not", { node: at.node }),
      advice: say("Look at what lies between {node} and the DNS pods: filters for port 53, routes, the tunnel", {
        node: at.node,
      }),
      sure: near !== undefined,
    };
  const alive = servers.filter(({ self }) => isGood(self));
  return {
    where: servicePlace(facts),
    what:
      servers.length === 0
        ? say("{service} has no pods", { service: plan.service })
        : alive.length > 0
          ? say("{count} of {of} DNS pods answer themselves but nobody else: something filters port 53", {
              count: alive.length,
              of: servers.length,
            })
          : say(
              "no DNS pod answers, wherever it is asked from: the servers are to blame, not the way ({share} failed)",
              {
                share: percentText(failing(facts.names)),
              },
            ),
    advice:
      servers.length === 0
        ? say("Scale the Deployment behind {service} up", { service: plan.service })
        : alive.length > 0
          ? say(
              "Find what filters port 53 in front of the pods behind {service}: network policies, filters of the nodes",
              { service: plan.service },
            )
          : say("Read the logs of the pods behind {service}, and restart them", { service: plan.service }),
    sure:
      servers.length === 0 ||
      servers.every(({ here, far: there }) => isDead(here) && (there.sent === 0 || failing(there) > 0.9)),
  };
}

function lookAtFilters({ at }: DnsFacts): Sentence {
  return say(
    "Allow UDP and TCP to port 53 of the DNS pods for {pod}: look at network policies and filters that select it",
    {
      pod: at.label,
    },
  );
}
