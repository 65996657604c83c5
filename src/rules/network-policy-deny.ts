import { legText } from "../core/anomaly-text.ts";
import type { LegResult } from "../core/compare.ts";
import type { DropRule } from "../core/drop-rules.ts";
import { endsOf, isPod } from "../core/elements.ts";
import { asked } from "../core/path-facts.ts";
import type { Leg, Vantage } from "../core/plan.ts";
import { type Decision, decide, type PolicyEnd, type PolicyWorld } from "../core/policy.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { serviceStateEvidence } from "../core/service-evidence.ts";
import { fails, works } from "../core/service-legs.ts";
import { nftRulesEvidence } from "../probes/nft-rules.ts";
import { packetFilterEvidence } from "../probes/packet-filter.ts";
import { podStateEvidence } from "../probes/pod-state.ts";
import { policiesEvidence } from "../probes/policies.ts";
import { ruleText } from "./firewall-drop.ts";

const MIN_PACKETS = 3;
/** Share of the measured legs that policies forbid which have to fail: one that passes is a policy that is not enforced. */
const ENFORCED = 0.8;
/** Chains of policy engines: kube-router, Calico, Antrea, Cilium, Weave. */
const POLICY_CHAIN =
  /^(KUBE-(NWPLCY|POD-FW|ROUTER)|cali-|ANTREA|CILIUM|OLD_CILIUM|WEAVE-NPC)|antrea|calico|cilium|kube-router/i;

export type Denied = Extract<Decision, { verdict: "denied" }>;
type Judged = { readonly result: LegResult; readonly decision: Decision };

/**
 * NetworkPolicies isolate a pod of the path and allow nothing that fits what was sent, and the pod network enforces that.
 * Evaluation says which legs are forbidden; proof is that those fail (four in five of them) while what is allowed at the
 * same pod passes, and that a rule in the chains of the policy engine took packets meanwhile.
 * Fooled by pod networks that enforce no policies (then the forbidden legs work: cleared), by policies that select our pods
 * and allow us, by a broken path (then allowed legs fail too), and by policies that forbid only echoes (that is no fault as
 * long as TCP passes). Judged by pod addresses, never by Service addresses; nodes may always reach their own pods.
 */
export const networkPolicyDeny: Rule = {
  name: "network-policy-deny",
  title: "Network policy forbids the traffic",
  needs: [],
  evaluate(seen) {
    const world = policyWorld(seen);
    if (!world) return { status: "unknown", because: say("network policies could not be read") };
    const judged = [...seen.comparison.legs.values()]
      .filter(({ sent }) => sent >= MIN_PACKETS)
      .map((result): Judged => ({ result, decision: decisionFor(result.leg, world, seen) }));
    const denied = judged.filter(({ decision, result }) => decision.verdict === "denied" && between(result.leg, seen));
    if (denied.length === 0)
      return {
        status: "cleared",
        because: say("none of {policies} forbids anything that was sent on the path", {
          policies: counted(world.policies.length, "network policy", "network policies"),
        }),
      };
    const suspicions = [...Map.groupBy(denied, ({ decision }) => keyOf(decision as Denied)).values()].flatMap((same) =>
      suspect(same, judged, seen),
    );
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("{policies} would forbid some of it, but what it is about passes", {
        policies: listed([...new Set(denied.flatMap(({ decision }) => (decision as Denied).policies))]),
      }),
    };
  },
};

/** What policies say and whom they select; undefined where they could not be read. */
export function policyWorld({ evidence }: Case): PolicyWorld | undefined {
  const known = evidence.get(policiesEvidence, "cluster");
  return (
    known && {
      policies: known.policies,
      namespaces: known.namespaces && new Map(known.namespaces.map(({ name, labels }) => [name, labels])),
    }
  );
}

/** Legs of what was asked itself: those of the nodes on the way are segments that policies may well forbid. */
function between(leg: Leg, { plan }: Case): boolean {
  const { from, to } = endsOf(leg, plan);
  const onTheWay = (at: Vantage | undefined): boolean => at?.role === "from-node" || at?.role === "to-node";
  return asked(leg) && !onTheWay(from) && !onTheWay(to);
}

const keyOf = ({ pod, way }: Denied): string => `${pod} ${way}`;

function suspect(same: readonly Judged[], judged: readonly Judged[], seen: Case): readonly Suspicion[] {
  const { plan } = seen;
  const denial = same[0]?.decision as Denied;
  const forbidden = judged.filter(({ decision }) => decision.verdict === "denied" && keyOf(decision) === keyOf(denial));
  const bad = forbidden.filter(({ result }) => fails(result));
  const badAsked = same.filter(({ result }) => fails(result));
  const connects = (some: readonly Judged[]): Judged[] => some.filter(({ result }) => result.leg.port !== undefined);
  // Echoes alone are no fault while the connects between the same ends pass.
  const ends = new Set(same.map(({ result }) => pairOf(result.leg)));
  const tcp = judged.filter(({ result }) => result.leg.port !== undefined && ends.has(pairOf(result.leg)));
  if (tcp.length > 0 && connects(badAsked).length === 0) return [];
  if (badAsked.length === 0 || bad.length < ENFORCED * forbidden.length) return [];

  const allowed = judged.filter(
    ({ decision, result }) => decision.verdict === "allowed" && touches(result.leg, denial.pod, plan),
  );
  const passing = allowed.filter(({ result }) => works(result));
  const failing = allowed.filter(({ result }) => fails(result));
  const counting = policyRules(
    denial,
    bad.flatMap(({ result }) => {
      const { from, to } = endsOf(result.leg, plan);
      return [from?.node, to?.node].filter((node) => node !== undefined);
    }),
    seen,
  );
  if (failing.length > passing.length && counting.length === 0) return [];
  const namespace = denial.pod.split("/")[0] ?? "";
  const peers = [
    ...new Set(
      badAsked.map(({ result: { leg } }) => {
        const { from, to } = endsOf(leg, plan);
        return denial.way === "Ingress" ? (from?.label ?? leg.from) : (to?.label ?? leg.toIp);
      }),
    ),
  ];
  const ports = [
    ...new Set(badAsked.flatMap(({ result }) => (result.leg.port === undefined ? [] : [String(result.leg.port)]))),
  ];
  const values = { policies: listed(denial.policies), pod: denial.pod, peers: listed(peers) };
  return [
    {
      status: "suspected",
      confidence:
        counting.length > 0 && failing.length === 0
          ? "certain"
          : passing.length > 0 && failing.length === 0
            ? "likely"
            : "possible",
      where: { kind: "pod", name: denial.pod },
      because: [
        denial.way === "Ingress"
          ? say("{policies} isolates {pod} for what comes in and has no rule that allows {peers}", values)
          : say("{policies} isolates {pod} for what goes out and has no rule that allows {peers}", values),
        say("all that it forbids fails: {bad} of {forbidden}, {list}", {
          bad: bad.length,
          forbidden: counted(forbidden.length, "leg"),
          list: listed(
            badAsked.map(({ result }) => `${legText(result.leg, plan)} ${result.lost + result.refused}/${result.sent}`),
            3,
          ),
        }),
        ...counting.slice(0, 2).map(({ rule, at }) => ruleText(rule, at)),
        ...(passing.length > 0
          ? [
              say("what policies allow at the same pod passes: {list}", {
                list: listed(
                  passing.map(({ result }) => legText(result.leg, plan)),
                  3,
                ),
              }),
            ]
          : []),
      ],
      against: failing.map(({ result }) => say("{leg} is allowed and fails too", { leg: legText(result.leg, plan) })),
      confirm: [
        ...denial.policies.slice(0, 2).map((name) => `kubectl get networkpolicy -n ${name.replace("/", " ")} -o yaml`),
        `kubectl get pod -n ${denial.pod.replace("/", " ")} --show-labels`,
      ],
      advice: [
        denial.way === "Ingress"
          ? say("Allow it if it is meant to be: an ingress rule in {namespace} for {pod} from {peers}, port {ports}", {
              namespace,
              pod: denial.pod,
              peers: listed(peers),
              ports: ports.length > 0 ? listed(ports) : "*",
            })
          : say("Allow it if it is meant to be: an egress rule in {namespace} for {pod} to {peers}, port {ports}", {
              namespace,
              pod: denial.pod,
              peers: listed(peers),
              ports: ports.length > 0 ? listed(ports) : "*",
            }),
      ],
      explains: [
        "firewall-drop",
        "path-loss",
        "port-filtered",
        "port-closed",
        "dns-policy-deny",
        "dns-down",
        "dns-path-loss",
        "dns-tcp-blocked",
      ],
      legs: bad.map(({ result }) => result.leg.id),
    },
  ];
}

const pairOf = ({ from, to }: Leg): string => [from, to].toSorted().join(" ");

function touches(leg: Leg, pod: string, plan: Case["plan"]): boolean {
  const { from, to } = endsOf(leg, plan);
  return from?.id === `pod/${pod}` || to?.id === `pod/${pod}`;
}

/** Rules of a policy engine, on the nodes of what is forbidden, that took packets while the check ran. */
export function policyRules(
  { pod }: Denied,
  nodes: readonly string[],
  { plan, evidence }: Case,
): readonly { readonly rule: DropRule; readonly at: Vantage }[] {
  return plan.vantages
    .filter((at) => !isPod(at) && nodes.includes(at.node))
    .flatMap((at) => {
      const rules = [
        ...(evidence.get(packetFilterEvidence, at.id)?.rules ?? []),
        ...(evidence.get(nftRulesEvidence, at.id)?.rules ?? []),
      ];
      return rules
        .filter(
          ({ chain, table, text, packets = 0, more }) =>
            packets >= MIN_PACKETS &&
            POLICY_CHAIN.test(POLICY_CHAIN.test(table) ? table : chain) &&
            !more.some((condition) => /INVALID/.test(condition)) &&
            namesOther(text, pod) === false,
        )
        .map((rule) => ({ rule, at }));
    });
}

/** Engines that say whose rule it is: kube-router names the pod. True when it is another pod's. */
function namesOther(text: string, pod: string): boolean {
  const [, name, namespace] = /POD name:(\S+) namespace: (\S+?)"/.exec(text) ?? [];
  return name !== undefined && `${namespace}/${name}` !== pod;
}

function decisionFor(leg: Leg, world: PolicyWorld, seen: Case): Decision {
  const { plan, evidence } = seen;
  const { from, to } = endsOf(leg, plan);
  if (!from) return { verdict: "unknown" };
  const protocol = leg.port === undefined ? ("ICMP" as const) : ("TCP" as const);
  const source = policyEnd(from.id.startsWith("pod/") ? from.id.slice(4) : undefined, sourceIp(leg, from), seen);
  if (!source) return { verdict: "unknown" };
  const port = leg.port === undefined ? {} : { port: leg.port };
  if (to) {
    const target = policyEnd(to.id.startsWith("pod/") ? to.id.slice(4) : undefined, leg.toIp, seen);
    const ownNode = isPod(from) !== isPod(to) && from.node === to.node;
    return target ? decide({ from: source, to: target, protocol, ...port, ownNode }, world) : { verdict: "unknown" };
  }
  if (leg.scope !== "service") return decide({ from: source, to: { ip: leg.toIp }, protocol, ...port }, world);
  // Policies see what a Service address was turned into; all of its endpoints have to agree.
  const service = evidence.all(serviceStateEvidence).find(({ data }) => data.clusterIp === leg.toIp);
  const namespace = service?.subject.split("/")[1] ?? "";
  const index = service?.data.ports.findIndex((one) => one.port === leg.port && one.protocol === "TCP") ?? -1;
  const decisions = (service?.data.ready ?? []).map(({ ip, pod, ports, node }): Decision => {
    const target = pod === undefined ? { ip } : policyEnd(`${namespace}/${pod}`, ip, seen);
    const open = service?.data.ports[index]?.targetPort;
    const number = typeof open === "number" ? open : ports[0];
    if (!target || number === undefined) return { verdict: "unknown" };
    return decide(
      { from: source, to: target, protocol, port: number, ownNode: !isPod(from) && from.node === node },
      world,
    );
  });
  const [first] = decisions;
  return first && decisions.every(({ verdict }) => verdict === first.verdict) ? first : { verdict: "unknown" };
}

/** What crosses an overlay from a node has the address of its tunnel device. */
function sourceIp(leg: Leg, from: Vantage): string | undefined {
  return leg.scope === "overlay" && !isPod(from) ? undefined : from.ip;
}

/** A pod (`ns/name`) or an address as policies see it; undefined where the pod's labels are not known. */
export function policyEnd(pod: string | undefined, ip: string | undefined, { evidence }: Case): PolicyEnd | undefined {
  if (pod === undefined) return { ip };
  const [namespace = "", name = ""] = pod.split("/");
  const state = evidence.get(podStateEvidence, `pod/${pod}`);
  if (!state) return undefined;
  if (state.hostNetwork) return { ip };
  return { ip, pod: { namespace, name, labels: state.labels, ports: state.namedPorts ?? [] } };
}
