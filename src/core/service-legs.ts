import type { Comparison, LegResult } from "./compare.ts";
import { endsOf } from "./elements.ts";
import type { EvidenceSet } from "./evidence.ts";
import { isIpv6Path } from "./ip-family.ts";
import type { Plan, Vantage } from "./plan.ts";
import {
  type ServiceRule,
  type ServiceState,
  serviceRulesEvidence,
  serviceRulesIpvsEvidence,
  serviceRulesNftEvidence,
  serviceStateEvidence,
} from "./service-evidence.ts";

type Seen = { readonly plan: Plan; readonly evidence: EvidenceSet; readonly comparison: Comparison };

/** A leg to a Service address that something was sent on. */
export type ServiceLeg = {
  readonly result: LegResult;
  readonly from: Vantage;
  /** `svc/ns/name` */
  readonly service: string;
  readonly state: ServiceState;
  readonly port: number;
};

/** Share of attempts without a connection from which a Service counts as failing from a place. */
const FAILS = 0.9;
const MIN_ATTEMPTS = 3;

/** All measured legs to Service addresses whose Service is known. */
export function serviceLegs({ plan, evidence, comparison }: Seen): readonly ServiceLeg[] {
  const states = evidence.all(serviceStateEvidence);
  return [...comparison.legs.values()].flatMap((result): ServiceLeg[] => {
    const { leg, sent } = result;
    const { from } = endsOf(leg, plan);
    const known = states.find(({ data }) => data.clusterIp !== undefined && data.clusterIp === leg.toIp);
    if (leg.scope !== "service" || leg.port === undefined || sent === 0 || !from || !known) return [];
    return [{ result, from, service: known.subject, state: known.data, port: leg.port }];
  });
}

/** Attempts that did not connect. */
export function failures({ lost, refused }: LegResult): number {
  return lost + refused;
}

/** Hardly an attempt connects. */
export function fails(result: LegResult): boolean {
  return result.sent >= MIN_ATTEMPTS && (failures(result) >= FAILS * result.sent || result.failsAtEnd);
}

/** Hardly an attempt fails. */
export function works(result: LegResult): boolean {
  return result.sent >= MIN_ATTEMPTS && failures(result) <= (1 - FAILS) * result.sent;
}

/** Services as one node's packet filter knows them; undefined when that could not be read, or not all of it. */
export type NodeServices = {
  readonly how: "iptables" | "nftables" | "IPVS" | "nothing";
  readonly services: readonly ServiceRule[];
};

export function nodeServices(evidence: EvidenceSet, node: string): NodeServices | undefined {
  const id = `node/${node}`;
  const iptables = evidence.get(serviceRulesEvidence, id);
  const nft = evidence.get(serviceRulesNftEvidence, id);
  const ipvs = evidence.get(serviceRulesIpvsEvidence, id)?.services ?? [];
  if (ipvs.length > 0) return { how: "IPVS", services: ipvs };
  if (iptables?.ipvs) return undefined;
  if (nft?.frame) return { how: "nftables", services: [...nft.services, ...(iptables?.services ?? [])] };
  if (iptables?.frame) return iptables.whole ? { how: "iptables", services: iptables.services } : undefined;
  return iptables && nft ? { how: "nothing", services: [] } : undefined;
}

/** The rule of a node for one port of a Service. */
export function ruleFor(
  { services }: NodeServices,
  { clusterIp }: ServiceState,
  { port, protocol = "TCP" }: { readonly port: number; readonly protocol?: string },
): ServiceRule | undefined {
  return services.find(
    (rule) => rule.ip === clusterIp && rule.port === port && rule.protocol === protocol.toLowerCase(),
  );
}

/** Whether the tables that are read can hold the Service: they are those of the asked path's IP family. */
export function isReadBack({ clusterIp }: ServiceState, plan: Plan): boolean {
  return clusterIp !== undefined && clusterIp.includes(":") === isIpv6Path(plan);
}

/** How many ports of Services with ready endpoints there are, and which of them the node has no rule for. */
export function missingAt(
  known: NodeServices,
  { plan, evidence }: Pick<Seen, "plan" | "evidence">,
): { readonly wanted: number; readonly missing: readonly string[] } {
  const ports = evidence
    .all(serviceStateEvidence)
    .filter(({ data }) => isReadBack(data, plan) && data.ready.length > 0 && !data.local)
    .flatMap(({ subject, data }) => data.ports.map((port) => ({ service: `${subject}:${port.port}`, data, port })));
  const missing = ports.filter(({ data, port }) => ruleFor(known, data, port) === undefined);
  return { wanted: ports.length, missing: missing.map(({ service }) => service) };
}
