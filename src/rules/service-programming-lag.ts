import { asked } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import {
  PROGRAMMED_MS,
  serviceRulesEvidence,
  serviceRulesIpvsEvidence,
  serviceRulesNftEvidence,
} from "../core/service-evidence.ts";
import { failures, nodeServices, ruleFor, type ServiceLeg, serviceLegs } from "../core/service-legs.ts";
import { clockText, durationText } from "../core/units.ts";
import { dataplaneMetricsEvidence } from "../probes/dataplane-metrics.ts";

const MIN_FAILED = 3;

type Late = { readonly ip: string; readonly came: boolean; readonly lagMs: number; readonly atMs: number };

/**
 * kube-proxy of a node is behind: an endpoint that the Kubernetes API has dropped or added during the check is still, or not yet,
 * in the node's rules eight seconds later and more, and connects to the Service fail from there. Decisive is the difference
 * between rules and EndpointSlices with its age; kube-proxy's own figures (network_programming_duration, failed restores) tell more.
 * Fooled by the moment of a rollout (shorter lags are normal), by endpoints that left before the check (`stale-endpoint`), by
 * nodes whose endpoints are chosen by node, and by connects that fail for other reasons: the missing ones have to be explained.
 */
export const serviceProgrammingLag: Rule = {
  name: "service-programming-lag",
  title: "Service rules lag behind",
  needs: [],
  evaluate(seen) {
    const legs = serviceLegs(seen).filter(({ state }) => (state.moves ?? []).length > 0 && !state.local);
    if (legs.length === 0)
      return { status: "cleared", because: say("no endpoint of an asked Service came or went during the check") };
    const groups = Map.groupBy(legs, ({ from, service, port }) => `${from.node} ${service} ${port}`);
    const suspicions = [...groups.values()].flatMap((same) => suspect(same, seen));
    if (suspicions.length > 0) return suspicions;
    const read = legs.filter(({ from }) => nodeServices(seen.evidence, from.node));
    if (read.length === 0)
      return { status: "unknown", because: say("the Service rules of no node of the path could be read whole") };
    return {
      status: "cleared",
      because: say("the rules of {nodes} followed what the endpoints did, or connects succeed", {
        nodes: listed([...new Set(read.map(({ from }) => from.node))]),
      }),
    };
  },
};

/** When the rules of a node were last read, Unix milliseconds. */
function readAtMs(node: string, { evidence }: Case): number | undefined {
  const times = [serviceRulesEvidence, serviceRulesNftEvidence, serviceRulesIpvsEvidence].flatMap((kind) =>
    evidence.all<unknown>(kind).flatMap(({ subject, atMs }) => (subject === `node/${node}` ? [atMs] : [])),
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

function suspect(legs: readonly ServiceLeg[], seen: Case): readonly Suspicion[] {
  const [first] = legs;
  const bad = legs.filter(({ result }) => failures(result) >= MIN_FAILED);
  if (!first || !bad.some(({ result }) => asked(result.leg))) return [];
  const { from, service, state, port } = first;
  const known = nodeServices(seen.evidence, from.node);
  const atMs = readAtMs(from.node, seen);
  const rule = known && ruleFor(known, state, { port });
  if (!rule || atMs === undefined) return [];
  const late = (state.moves ?? []).flatMap(({ ip, came, beforeMs }): readonly Late[] => {
    const present = rule.endpoints.some((end) => end.ip === ip);
    // What came and went again, or the other way round, is no lag.
    const stands = state.ready.some((end) => end.ip === ip) === came;
    return stands && present !== came && atMs - beforeMs >= PROGRAMMED_MS
      ? [{ ip, came, lagMs: atMs - beforeMs, atMs: beforeMs }]
      : [];
  });
  // A backend that is not used yet harms nobody, unless there is no other.
  const harmful = late.filter(({ came }) => !came || rule.endpoints.length === 0);
  if (harmful.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: "certain",
      where: { kind: "node", name: from.node },
      because: [
        ...late.slice(0, 3).map((one) => lateText(one, from.node, `${service}:${port}`)),
        say("{failed} of {sent} to {service} from {node} fail", {
          failed: bad.reduce((sum, { result }) => sum + failures(result), 0),
          sent: counted(
            bad.reduce((sum, { result }) => sum + result.sent, 0),
            "connect",
          ),
          service,
          node: from.node,
        }),
        ...metricTexts(from.node, seen),
      ],
      against: [],
      confirm: [
        `kubectl get endpointslices -n ${service.split("/")[1] ?? ""} -l kubernetes.io/service-name=${service.split("/")[2] ?? ""} -o wide`,
        `curl -s localhost:10249/metrics | grep -E 'network_programming_duration|sync_proxy_rules'   # on ${from.node}`,
      ],
      advice: [
        say("Look at kube-proxy on {node}: CPU limits, a slow or failing iptables-restore, a watch that hangs", {
          node: from.node,
        }),
        say("With very many Services use its nftables mode, or lower its iptables minSyncPeriod"),
      ],
      explains: ["stale-endpoint", "path-loss", "port-filtered", "port-closed"],
      // Who asks the lost endpoint itself finds the same.
      legs: [
        ...bad.map(({ result }) => result.leg.id),
        ...seen.plan.legs.filter(({ toIp }) => harmful.some(({ ip }) => ip === toIp)).map(({ id }) => id),
      ],
    },
  ];
}

function lateText({ ip, came, lagMs, atMs }: Late, node: string, service: string): Sentence {
  const values = { ip, node, service, lag: durationText(lagMs), at: clockText(atMs) };
  return came
    ? say("{ip} is an endpoint of {service} since {at}, and {lag} later {node} has no rule for it", values)
    : say("{ip} has left {service} by {at}, and {lag} later the rules of {node} still lead to it", values);
}

function metricTexts(node: string, { evidence }: Case): readonly Sentence[] {
  const metrics = evidence.get(dataplaneMetricsEvidence, `node/${node}`);
  if (!metrics) return [];
  return [
    ...(metrics.programmed
      ? [
          say("kube-proxy there says that {count} changes took {seconds} s each on average", {
            count: metrics.programmed.count,
            seconds: Math.round(10 * metrics.programmed.meanS) / 10,
          }),
        ]
      : []),
    ...(metrics.restoreFailures > 0
      ? [say("its iptables-restore failed {count} times during the check", { count: metrics.restoreFailures })]
      : []),
  ];
}
