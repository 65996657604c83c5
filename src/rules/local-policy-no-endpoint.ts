import { endsOf } from "../core/elements.ts";
import { asked, measuredLegs } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { type ServiceState, serviceStateEvidence } from "../core/service-evidence.ts";
import { fails, failures, serviceLegs, works } from "../core/service-legs.ts";

/** A Service that was asked for on a node, on which it has no endpoint of its own. */
type Found = {
  readonly node: string;
  readonly service: string;
  readonly state: ServiceState;
  readonly legs: readonly string[];
  readonly text: Sentence;
  readonly elsewhere: readonly string[];
};

/**
 * A Service whose traffic policy is Local serves a node only from that node's own endpoints, and there is none: connects to its
 * address from there (internalTrafficPolicy), or to its node port there (externalTrafficPolicy), fail by design. Decisive are the
 * policy, ready endpoints on other nodes and none on this one, and connects that fail just there.
 * Fooled by Services without any ready endpoint (`no-endpoints`), by node ports that fail on nodes with endpoints as well, and by
 * Services without such a policy. It is by design: the fault is whoever sends connections to a node whose health check says no.
 */
export const localPolicyNoEndpoint: Rule = {
  name: "local-policy-no-endpoint",
  title: "Local traffic policy, and no endpoint on the node",
  needs: [serviceStateEvidence],
  evaluate(seen) {
    const local = seen.evidence.all(serviceStateEvidence).filter(({ data }) => data.local || data.externalLocal);
    if (local.length === 0) return { status: "cleared", because: say("no Service has a Local traffic policy") };
    const suspicions = [...internal(seen), ...external(seen)].map((found) => suspicion(found));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("no asked Service with a Local traffic policy fails on a node without endpoints"),
    };
  },
};

function without(node: string, { ready }: ServiceState): boolean {
  return ready.length > 0 && ready.every((one) => one.node !== undefined && one.node !== node);
}

/** Legs to a Service's address from nodes without an endpoint of it. */
function internal(seen: Case): readonly Found[] {
  const all = serviceLegs(seen);
  const bad = all.filter(({ state, from, result }) => state.local && fails(result) && without(from.node, state));
  return [...Map.groupBy(bad, ({ service, from }) => `${service} ${from.node}`).values()].flatMap(
    (same): readonly Found[] => {
      const [first] = same;
      if (!first || !same.some(({ result }) => asked(result.leg))) return [];
      const { service, state, from } = first;
      return [
        {
          node: from.node,
          service,
          state,
          legs: same.map(({ result }) => result.leg.id),
          text: say("{bad} of {sent} from {node} to {service} fail", {
            bad: same.reduce((sum, { result }) => sum + failures(result), 0),
            sent: counted(
              same.reduce((sum, { result }) => sum + result.sent, 0),
              "connect",
            ),
            node: from.node,
            service,
          }),
          elsewhere: all.filter((one) => one.service === service && works(one.result)).map((one) => one.from.node),
        },
      ];
    },
  );
}

/** Legs to a node port of a node without an endpoint of its Service. */
function external({ plan, evidence, comparison }: Case): readonly Found[] {
  const services = evidence.all(serviceStateEvidence).filter(({ data }) => data.externalLocal);
  return services.flatMap(({ subject: service, data: state }) => {
    const ports = state.ports.flatMap(({ nodePort }) => nodePort ?? []);
    const legs = measuredLegs(comparison).filter(({ leg }) => leg.port !== undefined && ports.includes(leg.port));
    const at = (id: string): string | undefined => {
      const leg = plan.legs.find((one) => one.id === id);
      const to = leg && endsOf(leg, plan).to;
      return to?.id === `node/${to?.node}` ? to.node : undefined;
    };
    const bad = legs.filter(
      (result) => fails(result) && without(at(result.leg.id) ?? "", state) && at(result.leg.id) !== undefined,
    );
    const elsewhere = legs.filter(works).flatMap(({ leg }) => at(leg.id) ?? []);
    return [...Map.groupBy(bad, ({ leg }) => at(leg.id) ?? "")].flatMap(([node, same]): readonly Found[] => {
      if (!same.some(({ leg }) => asked(leg))) return [];
      const sent = same.reduce((sum, one) => sum + one.sent, 0);
      return [
        {
          node,
          service,
          state,
          legs: same.map(({ leg }) => leg.id),
          text: say("{bad} of {sent} to node port {port} of {node} ({service}) fail", {
            bad: same.reduce((sum, one) => sum + failures(one), 0),
            sent: counted(sent, "connect"),
            port: `${same[0]?.leg.port ?? ""}`,
            node,
            service,
          }),
          elsewhere,
        },
      ];
    });
  });
}

function suspicion({ node, service, state, legs, text, elsewhere }: Found): Suspicion {
  const policy = state.local ? "internalTrafficPolicy: Local" : "externalTrafficPolicy: Local";
  const [, namespace = "", name = ""] = service.split("/");
  return {
    status: "suspected",
    confidence: "certain",
    where: { kind: "node", name: node },
    because: [
      text,
      say("{service} has {policy}, {ready} on {nodes}, and none on {node}", {
        service,
        policy,
        ready: counted(state.ready.length, "ready endpoint"),
        nodes: listed([...new Set(state.ready.flatMap((one) => one.node ?? []))]),
        node,
      }),
      ...(elsewhere.length > 0 ? [say("on {nodes} it answers", { nodes: listed([...new Set(elsewhere)]) })] : []),
    ],
    against: [],
    confirm: [
      `kubectl get service -n ${namespace} ${name} -o jsonpath='{.spec.internalTrafficPolicy} {.spec.externalTrafficPolicy} {.spec.healthCheckNodePort}'`,
      `kubectl get endpointslices -n ${namespace} -l kubernetes.io/service-name=${name} -o wide`,
    ],
    advice: [
      state.local
        ? say(
            "Run a pod of {service} on every node that uses it (a DaemonSet), or set its internalTrafficPolicy to Cluster",
            { service },
          )
        : say(
            "Let the load balancer heed healthCheckNodePort of {service}, which says 503 on nodes without endpoints, or set its externalTrafficPolicy to Cluster",
            { service },
          ),
    ],
    explains: [
      "service-rules-missing",
      "no-endpoints",
      "port-filtered",
      "port-closed",
      "firewall-drop",
      "dns-down",
      "dns-path-loss",
      "path-loss",
    ],
    strikesElsewhere: true,
    legs,
    breaks: true,
  };
}
