import { endsOf } from "../core/elements.ts";
import { asked } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import type { ServiceState } from "../core/service-evidence.ts";
import { failures, nodeServices, ruleFor, type ServiceLeg, serviceLegs } from "../core/service-legs.ts";
import { percentText } from "../core/units.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

/** One connect in n fails by chance: fewer attempts than this say nothing about a share. */
const MIN_ATTEMPTS = 12;
const MIN_FAILED = 3;
/** As many addresses of a Service are kept. */
const MOST_ENDPOINTS = 300;
/** Observed share of failures against the share of dead backends: within these factors it is that. */
const LOW = 0.35;
const HIGH = 2.2;

type Dead = { readonly ip: string; readonly why: "not-listed" | "no-pod" | "pod-down" };

/**
 * The rules of a node still send a share of a Service's connections to an address that is no endpoint any more, or an
 * endpoint of the EndpointSlices has no living pod: that share of connects fails, and which one is chance. Decisive are
 * the address in the node's rules that no EndpointSlice had during the check (or whose pod is gone), and failing connects
 * in about the share that it should get.
 * Fooled by rollouts (every address that was an endpoint at some time of the check counts as known), by pods that are
 * being ended and still serve, by Services without selector (their endpoints are no pods), by a backend that refuses
 * (`port-closed`), and by a path that loses everything.
 */
export const staleEndpoint: Rule = {
  name: "stale-endpoint",
  title: "Service still leads to a dead address",
  needs: [],
  evaluate(seen) {
    const legs = serviceLegs(seen).filter(({ result, service }) => asked(result.leg) || service === seen.plan.to.name);
    if (legs.length === 0) return { status: "cleared", because: say("no Service was asked about") };
    const suspicions = [...Map.groupBy(legs, ({ service, port }) => `${service}:${port}`).values()].flatMap((same) =>
      suspect(same, seen),
    );
    if (suspicions.length > 0) return suspicions;
    const read = legs.filter(({ from }) => nodeServices(seen.evidence, from.node));
    if (read.length === 0)
      return { status: "unknown", because: say("the Service rules of no node of the path could be read whole") };
    return {
      status: "cleared",
      because: say("the rules of {nodes} lead to living endpoints only, or connects do not fail in their share", {
        nodes: listed([...new Set(read.map(({ from }) => from.node))]),
      }),
    };
  },
};

function suspect(legs: readonly ServiceLeg[], seen: Case): readonly Suspicion[] {
  const [first] = legs;
  if (!first) return [];
  const { service, state, port } = first;
  // Not all of the endpoints are known: one that is missing from the list proves nothing.
  if (!state.listed || state.everIps.length >= MOST_ENDPOINTS) return [];
  const nodes = [...new Set(legs.map(({ from }) => from.node))].flatMap((node) => {
    const known = nodeServices(seen.evidence, node);
    const rule = known && ruleFor(known, state, { port });
    if (!rule || rule.endpoints.length === 0) return [];
    const dead = rule.endpoints.flatMap(({ ip }) => deadReason(ip, service, state, seen) ?? []);
    return [{ node, dead, of: rule.endpoints.length }];
  });
  const affected = nodes.filter(({ dead }) => dead.length > 0);
  const [one] = affected;
  if (!one) return [];
  const there = new Set(affected.map(({ node }) => node));
  const results = legs.filter(({ from }) => there.has(from.node)).map(({ result }) => result);
  const sent = results.reduce((sum, result) => sum + result.sent, 0);
  const failed = results.reduce((sum, result) => sum + result.lost, 0);
  const expected = one.dead.length / one.of;
  const share = sent === 0 ? 0 : failed / sent;
  if (sent < MIN_ATTEMPTS || failed < MIN_FAILED || share < LOW * expected || share > Math.max(HIGH * expected, 0.3))
    if (!(expected === 1 && share > 0.9)) return [];
  const direct = seen.plan.legs
    .filter(
      (leg) => leg.port !== undefined && state.ready.some(({ ip }) => ip === leg.toIp) && endsOf(leg, seen.plan).to,
    )
    .flatMap(({ id }) => seen.comparison.legs.get(id) ?? [])
    .filter(({ sent: tries }) => tries > 0);
  const directFails = direct.reduce((sum, result) => sum + failures(result), 0);
  const directSent = direct.reduce((sum, result) => sum + result.sent, 0);
  const ips = [...new Set(affected.flatMap(({ dead }) => dead.map(({ ip }) => ip)))];
  return [
    {
      status: "suspected",
      confidence: directSent > 0 && directFails <= 0.05 * directSent ? "certain" : "likely",
      where: { kind: "service", name: service },
      because: [
        ...affected.slice(0, 2).map(({ node, dead, of }) =>
          say("the rules of {node} send {service} to {addresses}, {count} of {of} backends", {
            node,
            service: `${service}:${port}`,
            addresses: listed(dead.map(deadText)),
            count: dead.length,
            of,
          }),
        ),
        say(
          "{failed} of {sent} to its address got no answer ({share}); {expected} is what that share of dead backends makes",
          {
            failed,
            sent: counted(sent, "connect"),
            share: percentText(share),
            expected: percentText(expected),
          },
        ),
        ...(directSent > 0
          ? [
              say("asked each by its own address, its living endpoints answer: {failed} of {sent} fail", {
                failed: directFails,
                sent: counted(directSent, "connect"),
              }),
            ]
          : []),
      ],
      against: [],
      confirm: [
        `kubectl get endpointslices -n ${service.split("/")[1] ?? ""} -l kubernetes.io/service-name=${service.split("/")[2] ?? ""} -o wide`,
        `conntrack -L --orig-dst ${state.clusterIp ?? ""} | grep UNREPLIED   # on ${one.node}: src= names ${ips[0] ?? "the dead address"}`,
      ],
      advice: [
        say("Restart kube-proxy on {nodes}: it takes out of the rules what is no endpoint any more", {
          nodes: listed(affected.map(({ node }) => node)),
        }),
        say("Look at who wrote the EndpointSlices of {service} and when, if the address is listed there", { service }),
      ],
      explains: ["path-loss", "port-filtered"],
      legs: results.map(({ leg }) => leg.id),
    },
  ];
}

function deadReason(ip: string, service: string, state: ServiceState, { evidence }: Case): Dead | undefined {
  if (!state.everIps.includes(ip)) return { ip, why: "not-listed" };
  const end = [...state.ready, ...state.others].find((one) => one.ip === ip);
  if (end?.pod === undefined) return undefined;
  const pod = evidence.get(podStateEvidence, `pod/${service.split("/")[1] ?? ""}/${end.pod}`);
  if (!pod) return undefined;
  if (!pod.present || (pod.ip !== undefined && pod.ip !== ip)) return { ip, why: "no-pod" };
  return pod.phase === "Failed" || pod.phase === "Succeeded" ? { ip, why: "pod-down" } : undefined;
}

function deadText({ ip, why }: Dead) {
  if (why === "not-listed") return say("{ip}, which is in no EndpointSlice", { ip });
  if (why === "no-pod") return say("{ip}, which no pod has", { ip });
  return say("{ip}, whose pod has ended", { ip });
}
