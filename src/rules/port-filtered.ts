import type { Anomaly } from "../core/anomaly.ts";
import { legText } from "../core/anomaly-text.ts";
import type { LegResult } from "../core/compare.ts";
import { endsOf, isPod } from "../core/elements.ts";
import { saveCommand } from "../core/ip-family.ts";
import { tcpEvidence } from "../core/leg-evidence.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say, type Value } from "../core/sentence.ts";
import { opensTexts } from "../pcap/captured-opens.ts";
import { listenersEvidence } from "../probes/listeners.ts";
import { culpritsOf, ruleText } from "./firewall-drop.ts";

/** A port that answers more often than this is not filtered but on a path that loses. */
const MOSTLY = 0.5;

/**
 * SYNs to one port vanish while the pod answers otherwise: something filters that port.
 * Fooled by a path that loses everything (ping fails too: path-loss), by an accept queue that overflows (then some
 * connects succeed), and by first-packet delays that cost one SYN (needs most attempts to fail, three in a row). Where
 * the SYN disappears decides whose filter it is: a rule in the pod is proof, a rule on a node is firewall-drop.
 */
export const portFiltered: Rule = {
  name: "port-filtered",
  title: "Port is filtered",
  needs: [tcpEvidence],
  evaluate(seen) {
    const found = seen.comparison.loss.filter(
      ({ element, onPath, share }) =>
        onPath && (element.kind === "port" || element.kind === "flow-port") && share.share > MOSTLY,
    );
    const suspicions = found.flatMap((anomaly) => suspect(anomaly, seen));
    if (suspicions.length > 0) return suspicions;
    const tcp = seen.plan.legs.flatMap(({ id, port, part }) =>
      port === undefined || part === "control" ? [] : (seen.comparison.legs.get(id) ?? []),
    );
    const answered = tcp.find(({ sent, lost }) => sent > lost);
    if (!answered)
      return { status: "unknown", because: say("no connect was answered, and more than one port is concerned") };
    return { status: "cleared", because: say("SYNs of {leg} are answered", { leg: legText(answered.leg, seen.plan) }) };
  },
};

function suspect(found: Anomaly, seen: Case): readonly Suspicion[] {
  const { plan, evidence, comparison } = seen;
  const results = found.legs.flatMap((id): LegResult[] => {
    const result = comparison.legs.get(id);
    return result && result.sent > 0 ? [result] : [];
  });
  const leg = results[0]?.leg;
  const at = leg && endsOf(leg, plan).to;
  if (!leg || !at || leg.port === undefined) return [];
  const port = leg.port;
  const rules = culpritsOf(seen).filter((culprit) => culprit.at.id === at.id);
  const versions = evidence.get(listenersEvidence, at.id)?.versions;
  const listens = versions?.every(({ value }) => value.some((listener) => listener.port === port));
  const pings = [...comparison.legs.values()].filter(
    (result) => result.leg.to === at.id && result.leg.port === undefined && result.sent > 0,
  );
  const answering = pings.filter(({ state }) => state === "healthy" || state === "late");
  const proven = rules.length > 0;
  return [
    {
      status: "suspected",
      confidence: proven ? "certain" : listens && answering.length > 0 ? "likely" : "possible",
      where: isPod(at) ? { kind: "pod", name: at.label } : { kind: "node", name: at.node },
      because: [
        headline(results, seen, {
          port: `${port}`,
          target: at.label,
          bad: found.bad,
          of: counted(found.of, "connect"),
          places: listed(results.filter(({ lost }) => lost > 0).map((result) => label(result, plan))),
        }),
        ...(answering.length > 0
          ? [
              say("{target} answers echoes on {count} of {legs}", {
                target: at.label,
                count: answering.length,
                legs: counted(pings.length, "leg"),
              }),
            ]
          : []),
        ...(listens
          ? [
              say("a socket listens on {port} in the network of {target}, so the SYNs do not reach it", {
                port: `${port}`,
                target: at.label,
              }),
            ]
          : []),
        ...rules.slice(0, 2).map(({ rule }) => ruleText(rule, at)),
        ...(proven ? [] : [whereLost(results, at, seen)]),
        ...opensTexts(at, port, seen),
      ],
      against: [
        ...(listens === false
          ? [say("no socket listens on {port} all the time, and yet nothing refuses", { port: `${port}` })]
          : []),
        ...(proven ? [] : [say("no rule that could do it is visible on the nodes or in the pod")]),
      ],
      confirm: [
        `${saveCommand(plan)} -c; nft list ruleset   # in the network of ${at.label}`,
        `tcpdump -n -i eth0 'tcp port ${port}'   # in the network of ${at.label}: do the SYNs arrive?`,
      ],
      advice: proven
        ? [say("Remove or narrow the rule in {target}, and find out what put it there", { target: at.label })]
        : [
            say("Look for a network policy or an eBPF filter that covers port {port} of {target}", {
              port: `${port}`,
              target: at.label,
            }),
          ],
      explains: ["path-loss"],
      // Whoever is answered has no part in it.
      legs: results.filter(({ lost }) => lost > 0).map(({ leg: { id } }) => id),
    },
  ];
}

/** Silence, or an ICMP error of a filter that refuses. */
function headline(
  results: readonly LegResult[],
  { evidence }: Case,
  said: Readonly<Record<"port" | "target" | "bad" | "of" | "places", Value>>,
): Sentence {
  const ended = results.flatMap(({ leg }) => Object.entries(evidence.get(tcpEvidence, leg.id)?.outcomes ?? {}));
  const count = (wanted: RegExp): number =>
    ended.reduce((sum, [outcome, times]) => sum + (wanted.test(outcome) ? times : 0), 0);
  return count(/^(prohibited|unreachable)/) > count(/^timeout/)
    ? say("SYNs to port {port} of {target} are refused by ICMP errors: {bad} of {of} from {places}", said)
    : say("SYNs to port {port} of {target} get no answer: {bad} of {of} from {places}", said);
}

function label({ leg }: LegResult, plan: Case["plan"]): string {
  return endsOf(leg, plan).from?.label ?? leg.from;
}

/** The segment in which the SYNs disappear: inside the pod if even its own node gets no answer. */
function whereLost(results: readonly LegResult[], at: Vantage, { plan }: Case): Sentence {
  const near = results.filter(({ leg }) => endsOf(leg, plan).from?.node === at.node);
  const far = results.filter(({ leg }) => endsOf(leg, plan).from?.node !== at.node);
  if (near.some(({ state }) => state === "dead"))
    return say("even {places} on the same node get no answer: they vanish at {target} itself", {
      places: listed(near.map((result) => label(result, plan))),
      target: at.label,
    });
  const heard = far.filter(({ lost }) => lost === 0);
  if (heard.length > 0)
    return say("{places} on other nodes are answered: they vanish on the way from {silent}", {
      places: listed(heard.map((result) => label(result, plan))),
      silent: listed(results.filter(({ lost }) => lost > 0).map((result) => label(result, plan))),
    });
  if (near.length > 0 && far.length > 0)
    return say("from its own node the port answers: they vanish on the way into {node}", { node: at.node });
  return say("no connect from its own node was measured, so where they vanish is not known more closely");
}
