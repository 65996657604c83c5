import { addressesEvidence } from "../../core/addresses.ts";
import type { NodeFacts, NodePlane } from "../../core/data-plane.ts";
import { devicesEvidence } from "../../core/devices.ts";
import { askedNodes } from "../../core/path-facts.ts";
import type { Plan } from "../../core/plan.ts";
import { recogniseDataPlane } from "../../core/recognise-data-plane.ts";
import { routesEvidence } from "../../core/routes.ts";
import type { Case } from "../../core/rule.ts";
import {
  serviceRulesEvidence,
  serviceRulesIpvsEvidence,
  serviceRulesNftEvidence,
} from "../../core/service-evidence.ts";
import { tunnelsEvidence } from "../../core/tunnels.ts";
import { bpfProgramsEvidence } from "../bpf-programs.ts";
import { listenersEvidence } from "../listeners.ts";
import { networkAgentsEvidence } from "../network-agents.ts";
import { proxyPodsEvidence } from "../proxy-pods.ts";
import { routingRulesEvidence } from "../routing-rules.ts";

/** What the nodes of the asked path were recognised as, from readings that a check takes anyway. */
export function dataPlanes(seen: Pick<Case, "plan" | "evidence">): readonly NodePlane[] {
  return askedNodes(seen.plan).flatMap((node) => {
    const plane = recogniseDataPlane(factsOf(node, seen));
    return plane ? [{ node, plane }] : [];
  });
}

const DNS_PORT = 53;

function factsOf(node: string, { plan, evidence }: Pick<Case, "plan" | "evidence">): NodeFacts {
  const id = `node/${node}`;
  const iptables = evidence.get(serviceRulesEvidence, id);
  const nft = evidence.get(serviceRulesNftEvidence, id);
  const listeners = evidence.get(listenersEvidence, id)?.versions.at(-1)?.value;
  return {
    ip: plan.vantages.find((vantage) => vantage.id === id)?.ip ?? "",
    devices: evidence.get(devicesEvidence, id)?.devices,
    tunnels: evidence.get(tunnelsEvidence, id)?.devices ?? [],
    addresses: evidence.get(addressesEvidence, id)?.devices,
    routes: evidence.get(routesEvidence, id)?.versions.at(-1)?.value,
    rules: evidence.get(routingRulesEvidence, id)?.rules.map(({ text }) => text) ?? [],
    programs: evidence.get(bpfProgramsEvidence, id)?.versions.at(-1)?.value ?? [],
    listens53: listeners?.flatMap(({ ip, port }) => (port === DNS_PORT ? [ip] : [])),
    services: {
      iptables: iptables && {
        ...{ frame: iptables.frame, ipvs: iptables.ipvs, whole: iptables.whole },
        count: iptables.services.length,
      },
      nft: nft && { frame: nft.frame, count: nft.services.length },
      ipvs: evidence.get(serviceRulesIpvsEvidence, id)?.services.length ?? 0,
      proxyRuns: evidence.get(proxyPodsEvidence, id)?.pods.some(({ running }) => running) ?? false,
    },
    chains: iptables?.chains ?? [],
    agents: evidence.get(networkAgentsEvidence, id)?.agents.map(({ name, network }) => ({ pod: name, network })) ?? [],
    pods: podsOf(plan, (vantage) => vantage.node === node).map(({ id: pod, ip }) => ({
      ip,
      devices: evidence.get(devicesEvidence, pod)?.devices,
      addresses: evidence.get(addressesEvidence, pod)?.devices,
    })),
    elsewhere: podsOf(plan, (vantage) => vantage.node !== node).map(({ ip }) => ip),
  };
}

function podsOf({ vantages }: Plan, wanted: (vantage: Plan["vantages"][number]) => boolean): Plan["vantages"] {
  return vantages.filter((vantage) => vantage.netns !== "node" && vantage.ip !== "" && wanted(vantage));
}
