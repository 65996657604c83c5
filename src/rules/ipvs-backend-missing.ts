import { addressesEvidence } from "../core/addresses.ts";
import { asked } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { serviceRulesIpvsEvidence } from "../core/service-evidence.ts";
import { failures, isReadBack, nodeServices, ruleFor, type ServiceLeg, serviceLegs } from "../core/service-legs.ts";
import { failsText } from "../core/service-text.ts";

/** The device that holds all Service addresses where kube-proxy works in IPVS mode. */
const DEVICE = "kube-ipvs0";
const MIN_FAILED = 3;
/** Part of the connects that has to fail. */
const SHARE = 0.1;

/**
 * IPVS of a node does not know where to send connections to a Service: its virtual server is missing or has no living backend, or
 * the Service's address is not on kube-ipvs0, so that the node does not take the packets at all. Decisive are the IPVS table or
 * the device, compared with the EndpointSlices, and connects to just that Service that fail from there.
 * Fooled by backends of weight 0, which are being drained (they count as known), by Services whose endpoints are chosen by node,
 * and by nodes that use no IPVS.
 */
export const ipvsBackendMissing: Rule = {
  name: "ipvs-backend-missing",
  title: "IPVS lacks the Service's backends",
  needs: [],
  evaluate(seen) {
    const legs = serviceLegs(seen);
    const ipvs = legs.filter(
      ({ from }) => (seen.evidence.get(serviceRulesIpvsEvidence, `node/${from.node}`)?.services.length ?? 0) > 0,
    );
    if (legs.length > 0 && ipvs.length === 0)
      return { status: "cleared", because: say("kube-proxy does not use IPVS on the nodes of the path") };
    const groups = Map.groupBy(ipvs, ({ from, service, port }) => `${from.node} ${service} ${port}`);
    const suspicions = [...groups.values()].flatMap((same) => suspect(same, seen));
    if (suspicions.length > 0) return suspicions;
    if (ipvs.length === 0) return { status: "cleared", because: say("no Service was asked about") };
    return { status: "cleared", because: say("IPVS knows the backends of the asked Services, or connects succeed") };
  },
};

function suspect(legs: readonly ServiceLeg[], seen: Case): readonly Suspicion[] {
  const [first] = legs;
  if (!first || !isReadBack(first.state, seen.plan) || first.state.ready.length === 0 || first.state.local) return [];
  const { state, service, port, from } = first;
  const bad = legs.filter(({ result }) => failures(result) >= MIN_FAILED && failures(result) >= SHARE * result.sent);
  const node = from.node;
  const known = nodeServices(seen.evidence, node);
  if (!known || bad.length === 0 || !bad.some(({ result }) => asked(result.leg))) return [];
  const rule = ruleFor(known, state, { port });
  const missing = state.ready.filter(
    ({ ip }) => !rule?.endpoints.some((end) => end.ip === ip) && !rule?.drained?.includes(ip),
  );
  const values = { node, service: `${service}:${port}`, ip: state.clusterIp ?? "" };
  const facts: Sentence[] = [];
  if (!rule) facts.push(say("IPVS of {node} has no virtual server for {service} ({ip})", values));
  else if (rule.endpoints.length === 0 && missing.length > 0)
    facts.push(
      say("IPVS of {node} has no backend for {service}: {missing} of {ready} are missing", {
        ...values,
        missing: missing.length,
        ready: counted(state.ready.length, "ready endpoint"),
      }),
    );
  if (!holdsAddress(node, state.clusterIp, seen))
    facts.push(say("{ip}, the address of {service}, is not on {device} of {node}", { ...values, device: DEVICE }));
  if (facts.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: "certain",
      where: { kind: "node", name: node },
      because: [
        ...facts,
        ...(missing.length > 0 && rule && rule.endpoints.length > 0
          ? [say("it lacks {endpoints}, too", { endpoints: listed(missing.map(({ ip }) => ip)) })]
          : []),
        ...bad.slice(0, 3).map(failsText),
      ],
      against: [],
      confirm: [
        `ipvsadm -Ln -t ${state.clusterIp ?? ""}:${port}; ip addr show dev ${DEVICE}   # on ${node}`,
        `kubectl get endpointslices -n ${service.split("/")[1] ?? ""} -l kubernetes.io/service-name=${service.split("/")[2] ?? ""} -o wide`,
      ],
      advice: [
        say("Restart kube-proxy on {node}: it writes all rules anew when it starts", { node }),
        say(
          "Look in its log for why it did not write them, and for another program that takes addresses off {device}",
          { device: DEVICE },
        ),
      ],
      explains: [
        "service-rules-missing",
        "no-endpoints",
        "stale-endpoint",
        "port-filtered",
        "port-closed",
        "dns-down",
        "dns-path-loss",
        "dns-tcp-blocked",
        "dns-upstream-failing",
        "dns-overloaded",
        "path-loss",
      ],
      legs: bad.map(({ result }) => result.leg.id),
    },
  ];
}

/** Whether a Service's address is on the device; true where that could not be read. */
function holdsAddress(node: string, ip: string | undefined, { evidence }: Case): boolean {
  const device = evidence.get(addressesEvidence, `node/${node}`)?.devices.find(({ name }) => name === DEVICE);
  return device === undefined || device.addresses.some((address) => address.ip === ip);
}
