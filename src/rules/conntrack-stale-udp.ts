import { isPod } from "../core/elements.ts";
import { bracketed } from "../core/packet-address.ts";
import { askedVantages } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { type ServiceState, serviceStateEvidence } from "../core/service-evidence.ts";
import { durationText } from "../core/units.ts";
import { type Flow, flowsEvidence } from "../probes/flows.ts";

/** As many addresses of a Service are kept. */
const MOST_ENDPOINTS = 300;

/**
 * A pod goes on sending UDP to a Service from the same port, and its node's connection table still leads these packets to an
 * address that is no endpoint any more: each packet keeps the entry alive, and none is answered. Decisive is the entry: UDP, to
 * the Service's address, answers expected from an address that was no endpoint at any time of the check, never answered, and its
 * timeout set anew between two readings, which only new packets of the asked pod do.
 * Fooled by endpoints that are being ended (they are still listed and count as known), by entries that run out by themselves (one
 * lost packet: cleared), by answers that are slow, and by Services of which not all endpoints could be read.
 */
export const conntrackStaleUdp: Rule = {
  name: "conntrack-stale-udp",
  title: "Old connection entry misleads UDP packets",
  needs: [],
  evaluate(seen) {
    const pods = askedVantages(seen.plan).filter(isPod);
    const read = pods.filter(({ node }) => seen.evidence.get(flowsEvidence, `node/${node}`));
    if (read.length === 0)
      return { status: "unknown", because: say("the connections of no node of the path could be read") };
    const suspicions = read.flatMap((pod) => suspect(pod, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("UDP of {pods} to Services is led to living endpoints", {
        pods: listed(read.map(({ label }) => label)),
      }),
    };
  },
};

function suspect(pod: Vantage, seen: Case): readonly Suspicion[] {
  const { evidence, plan } = seen;
  const services = evidence.all(serviceStateEvidence);
  const stale = (evidence.get(flowsEvidence, `node/${pod.node}`)?.flows ?? []).flatMap((flow) => {
    const service = services.find(
      ({ data }) => flow.protocol === "udp" && flow.from === pod.ip && data.clusterIp === flow.to,
    );
    return service && isStale(flow, service.data) && concerns(service.subject, pod, plan) ? [{ flow, service }] : [];
  });
  return [...Map.groupBy(stale, ({ service }) => service.subject).values()].flatMap((same): readonly Suspicion[] => {
    const [first] = same;
    if (!first) return [];
    const { subject: name, data } = first.service;
    const ports = [...new Set(same.map(({ flow }) => flow.port))];
    return [
      {
        status: "suspected",
        confidence: "certain",
        where: { kind: "node", name: pod.node },
        because: [
          say(
            "{node} leads {connections} of {pod} to {service} (UDP {ip}:{port}) to {dead}, which is no endpoint of it",
            {
              node: pod.node,
              connections: counted(
                same.reduce((sum, { flow }) => sum + flow.kept, 0),
                "connection",
              ),
              pod: pod.label,
              service: name,
              ip: bracketed(data.clusterIp ?? ""),
              port: listed(ports.map(String)),
              dead: listed([...new Set(same.map(({ flow }) => flow.answers))], 3),
            },
          ),
          say("packets kept these entries alive for {lasted} and none was answered ([UNREPLIED])", {
            lasted: durationText(Math.max(...same.map(({ flow }) => flow.keptMs))),
          }),
          say("{service} has {ready}", { service: name, ready: counted(data.ready.length, "ready endpoint") }),
        ],
        against: [],
        confirm: [`conntrack -L -p udp --orig-dst ${data.clusterIp ?? ""} | grep UNREPLIED   # on ${pod.node}`],
        advice: [
          say("Delete the entries: conntrack -D -p udp --orig-dst {ip}, on {node}", {
            ip: data.clusterIp ?? "",
            node: pod.node,
          }),
          say("Update kube-proxy: it should delete them when an endpoint goes away (kubernetes#139628)"),
        ],
        explains: ["dns-down", "dns-path-loss", "dns-overloaded", "path-loss"],
        legs: plan.legs
          .filter(({ from, scope, toIp }) => from === pod.id && scope === "service" && toIp === data.clusterIp)
          .map(({ id }) => id),
      },
    ];
  });
}

/** Whether UDP to a Service is what was asked about: the Service itself, or the name server of the asking pod. */
function concerns(service: string, pod: Vantage, { to, dns, from }: Case["plan"]): boolean {
  if (to.kind === "service") return service === to.name;
  return pod.label === from.name && dns !== undefined && dns.service === service;
}

function isStale({ kept, answers }: Flow, { listed: whole, everIps }: ServiceState): boolean {
  return kept > 0 && whole && everIps.length < MOST_ENDPOINTS && !everIps.includes(answers);
}
