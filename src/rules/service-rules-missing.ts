import { isIpv6Path, nftFamily, saveCommand } from "../core/ip-family.ts";
import { asked, askedNodes } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { fails, isReadBack, missingAt, nodeServices, ruleFor, serviceLegs, works } from "../core/service-legs.ts";
import { failsText, worksText } from "../core/service-text.ts";
import { clockText } from "../core/units.ts";
import { proxyPodsEvidence } from "../probes/proxy-pods.ts";

/** What missing rules of the name servers look like to who asks for names. */
const namesFail = ["dns-down", "dns-path-loss", "dns-tcp-blocked", "dns-upstream-failing", "dns-overloaded"];

/**
 * A node of the path has no rules for a Service that has ready endpoints: what its pods send to the Service address is
 * rewritten by nobody and ends nowhere. Decisive are the node's packet filter (iptables, nft or IPVS) read back against
 * the EndpointSlices, and connects to that Service from there, nine in ten of which fail.
 * Fooled by clusters whose Services are made by eBPF (no node has rules: never suspected, and unknown where connects fail), by
 * tables that are too long to be read whole (unknown), by Services whose traffic stays on the node by policy, and by Services
 * without endpoints.
 */
export const serviceRulesMissing: Rule = {
  name: "service-rules-missing",
  title: "Service rules are missing on a node",
  needs: [],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan);
    const read = nodes.filter((node) => nodeServices(seen.evidence, node));
    if (read.length === 0)
      return { status: "unknown", because: say("the Service rules of no node of the path could be read whole") };
    const suspicions = read.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    const elsewhere = read.every((node) => nodeServices(seen.evidence, node)?.services.length === 0);
    if (elsewhere && serviceLegs(seen).some(({ result }) => fails(result)))
      return {
        status: "unknown",
        because: say("{nodes} keep no Services in rules that are read: eBPF programs, or others, send them on", {
          nodes: listed(read),
        }),
      };
    return {
      status: "cleared",
      because: say("{nodes} send on the Services that were tried, or have nothing to do with them", {
        nodes: listed(read),
      }),
    };
  },
};

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const { evidence, plan } = seen;
  const rules = nodeServices(evidence, node);
  if (!rules) return [];
  const others = [...new Set(plan.vantages.map((vantage) => vantage.node))].filter((name) => name !== node);
  // Nothing anywhere: this cluster sends Service connections on in another way.
  if (
    rules.services.length === 0 &&
    !others.some((name) => (nodeServices(evidence, name)?.services.length ?? 0) > 0) &&
    !evidence.has(proxyPodsEvidence)
  )
    return [];
  const all = serviceLegs(seen);
  const bad = all.filter(
    ({ from, result, state, port }) =>
      from.node === node &&
      fails(result) &&
      state.ready.length > 0 &&
      !state.local &&
      isReadBack(state, plan) &&
      (ruleFor(rules, state, { port })?.endpoints ?? []).length === 0,
  );
  const [first] = bad;
  if (!first) return [];
  const elsewhere = all.filter(
    ({ from, result, service }) => from.node !== node && works(result) && bad.some((one) => one.service === service),
  );
  const { missing, wanted } = missingAt(rules, seen);
  const having = others.filter((name) => {
    const known = nodeServices(evidence, name);
    return known !== undefined && ruleFor(known, first.state, { port: first.port }) !== undefined;
  });
  const proxy = evidence.get(proxyPodsEvidence, `node/${node}`)?.pods.find(({ running }) => running);
  const services = [...new Set(bad.map(({ service, port }) => `${service}:${port}`))];
  return [
    {
      status: "suspected",
      confidence: having.length > 0 || elsewhere.length > 0 ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        say("{node} has no rule that sends {services} on, although {ready} ready", {
          node,
          services: listed(services),
          ready: counted(first.state.ready.length, "endpoint is", "endpoints are"),
        }),
        ...bad.slice(0, 3).map(failsText),
        say("{node} has no rules for {missing} of {wanted} ports of Services with ready endpoints", {
          node,
          missing: missing.length,
          wanted,
        }),
        ...(having.length > 0 ? [say("{nodes} have that rule", { nodes: listed(having) })] : []),
        ...elsewhere.slice(0, 1).map(worksText),
        ...(proxy
          ? [
              proxy.startedAtMs === undefined
                ? say("{pod} runs there and did not write it", { pod: proxy.name })
                : say("{pod} runs there since {time} and did not write it", {
                    pod: proxy.name,
                    time: clockText(proxy.startedAtMs),
                  }),
            ]
          : []),
      ],
      against: [],
      confirm: [
        rules.how === "nftables"
          ? `nft list map ${nftFamily(plan)} kube-proxy service-ips | grep '${first.state.clusterIp} '   # on ${node}`
          : `${saveCommand(plan)} -t nat | grep '${first.state.clusterIp}/${isIpv6Path(plan) ? 128 : 32}'   # on ${node}`,
        ...(proxy ? [`kubectl logs -n ${proxy.name.replace("/", " ")} | grep -iE 'error|fail'`] : []),
      ],
      advice: [
        say("Restart kube-proxy on {node}: it writes all rules anew when it starts", { node }),
        say(
          "Look in its log for why it lost them: a failed iptables-restore or nft transaction, a watch that ended, somebody who flushed the table",
        ),
      ],
      explains: [
        "no-endpoints",
        "port-filtered",
        "port-closed",
        "path-loss",
        // Of names only where the rules of the name servers are among those that are missing.
        ...([...services, ...missing].some((port) => port.startsWith(`${plan.dns?.service}:`)) ? namesFail : []),
      ],
      legs: bad.map(({ result }) => result.leg.id),
      ...(bad.some(({ result }) => asked(result.leg) && result.leg.part === "end-to-end") ? { breaks: true } : {}),
    },
  ];
}
