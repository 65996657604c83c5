import { legText } from "../core/anomaly-text.ts";
import { nftFamily, saveCommand } from "../core/ip-family.ts";
import { asked, askedNodes, legsTouching } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { fails, isReadBack, missingAt, nodeServices, ruleFor, serviceLegs, works } from "../core/service-legs.ts";
import { failsText, worksText } from "../core/service-text.ts";
import { clockText } from "../core/units.ts";
import { type ProxyPod, proxyPodsEvidence } from "../probes/proxy-pods.ts";

const CRITICAL = new Set(["system-node-critical", "system-cluster-critical"]);

/**
 * kube-proxy does not run on a node of the path, so nothing writes the rules that send Service connections on: no Service
 * address works from its pods, that of the cluster DNS included, while pod addresses do. Decisive are the pod of that node
 * by the Kubernetes API, the missing rules on the node, and connects to a Service address that fail from there (nine in ten)
 * although it has ready endpoints.
 * Fooled by a kube-proxy that was restarted or crashes while the rules it wrote are still in force (then connects work:
 * cleared), by clusters without kube-proxy (no pod of it anywhere: never suspected), and by a Service that fails from
 * everywhere (its rules are present then).
 */
export const kubeProxyDown: Rule = {
  name: "kube-proxy-down",
  title: "kube-proxy does not run on a node",
  needs: [],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan);
    const known = nodes.filter((node) => seen.evidence.get(proxyPodsEvidence, `node/${node}`));
    if (known.length === 0) return { status: "unknown", because: say("the cluster shows no kube-proxy pods") };
    const suspicions = known.flatMap((node) => suspect(node, seen));
    if (suspicions.length > 0) return suspicions;
    const down = known.filter((node) => podsOf(node, seen).every(({ running }) => !running));
    if (down.length > 0)
      return {
        status: "cleared",
        because: say("kube-proxy does not run on {nodes}, but Service addresses work from there or were not tried", {
          nodes: listed(down),
        }),
      };
    return { status: "cleared", because: say("kube-proxy runs on {nodes}", { nodes: listed(known) }) };
  },
};

/** The first sentence of what Kubernetes says, without its end; the scheduler goes on about what it tried. */
const brief = (message: string): string => message.replace(/[.\s]*(preemption:.*)?[.\s]*$/s, "").slice(0, 200);

const podsOf = (node: string, { evidence }: Case): readonly ProxyPod[] =>
  evidence.get(proxyPodsEvidence, `node/${node}`)?.pods ?? [];

function suspect(node: string, seen: Case): readonly Suspicion[] {
  const state = seen.evidence.get(proxyPodsEvidence, `node/${node}`);
  if (!state || state.pods.some(({ running }) => running)) return [];
  const rules = nodeServices(seen.evidence, node);
  const all = serviceLegs(seen);
  const bad = all.filter(
    ({ from, result, state: service, port }) =>
      from.node === node &&
      fails(result) &&
      service.ready.length > 0 &&
      isReadBack(service, seen.plan) &&
      (rules === undefined || (ruleFor(rules, service, { port })?.endpoints ?? []).length === 0),
  );
  if (bad.length === 0) return [];
  const elsewhere = all.filter(
    ({ from, result, service }) => from.node !== node && works(result) && bad.some((one) => one.service === service),
  );
  if (rules === undefined && elsewhere.length === 0) return [];
  const [pod] = state.pods;
  const missing = rules && missingAt(rules, seen);
  const namespace = pod?.name.split("/")[0] ?? "kube-system";
  return [
    {
      status: "suspected",
      confidence: rules ? "certain" : "likely",
      where: { kind: "node", name: node },
      because: [
        pod
          ? stateText(node, pod)
          : say(
              "kube-proxy does not run on {node}: none of its pods belongs there, {running} of {nodes} nodes run one",
              {
                node,
                running: state.running,
                nodes: state.nodes,
              },
            ),
        ...(missing
          ? [
              say("{node} has no rules for {missing} of {wanted} ports of Services with ready endpoints", {
                node,
                missing: missing.missing.length,
                wanted: missing.wanted,
              }),
            ]
          : []),
        ...bad.slice(0, 3).map(failsText),
        ...elsewhere.slice(0, 2).map(worksText),
        ...directText(node, seen),
        ...(pod?.events ?? [])
          .filter(({ message }) => brief(message) !== brief(pod?.message ?? ""))
          .slice(0, 1)
          .map(({ atMs, reason, message }) =>
            say("event {reason} of {pod} at {time}: {message}", {
              reason,
              pod: pod?.name ?? "",
              time: clockText(atMs),
              message: brief(message),
            }),
          ),
        ...(pod && !CRITICAL.has(pod.priorityClassName ?? "")
          ? [
              say("{pod} has no critical priority class: it gets room last and is evicted first", {
                pod: pod.name,
              }),
            ]
          : []),
      ],
      against: [],
      confirm: [
        pod
          ? `kubectl describe pod -n ${pod.name.replace("/", " ")}`
          : `kubectl get pods -n ${namespace} -l k8s-app=kube-proxy -o wide`,
        rules?.how === "nftables" || rules?.how === "nothing"
          ? `nft list map ${nftFamily(seen.plan)} kube-proxy service-ips   # on ${node} and on another node`
          : `${saveCommand(seen.plan)} -t nat | grep -c KUBE-SVC   # on ${node} and on another node`,
      ],
      advice: adviceFor(node, pod, namespace),
      explains: [
        "service-rules-missing",
        "no-endpoints",
        "port-filtered",
        "port-closed",
        "path-loss",
        "dns-down",
        "dns-path-loss",
        "dns-tcp-blocked",
        "dns-upstream-failing",
        "dns-overloaded",
        "dns-conntrack-race",
        "dns-policy-deny",
      ],
      legs: bad.map(({ result }) => result.leg.id),
      ...(bad.some(({ result }) => asked(result.leg) && result.leg.part === "end-to-end") ? { breaks: true } : {}),
    },
  ];
}

function stateText(node: string, pod: ProxyPod): Sentence {
  const { name, phase, reason = phase, message, sinceMs, restarts, lastEnd } = pod;
  const since = sinceMs === undefined ? "?" : clockText(sinceMs);
  if (phase === "Pending")
    return message === undefined
      ? say("kube-proxy does not run on {node}: {pod} is Pending since {since}", { node, pod: name, since })
      : say("kube-proxy does not run on {node}: {pod} is Pending since {since}, {reason}: {message}", {
          node,
          pod: name,
          since,
          reason,
          message: brief(message),
        });
  if (phase === "Failed" || phase === "Succeeded")
    return say("kube-proxy does not run on {node}: {pod} ended at {since}, {reason}: {message}", {
      node,
      pod: name,
      since,
      reason,
      message: brief(message ?? ""),
    });
  return say(
    "kube-proxy does not run on {node}: {pod} is in {reason} since {since}, {restarts} restarts, last end {end}",
    {
      node,
      pod: name,
      reason,
      since,
      restarts,
      end: lastEnd ?? "?",
    },
  );
}

/** That plain addresses answer from there tells it from a broken network. */
function directText(node: string, { plan, comparison }: Case): readonly Sentence[] {
  const direct = legsTouching(node, plan)
    .filter(({ scope }) => scope === "overlay")
    .flatMap(({ id }) => comparison.legs.get(id) ?? [])
    .filter(works);
  const [best] = direct.toSorted((a, b) => b.sent - a.sent);
  return best
    ? [
        say("addresses of pods answer there: {leg}, {lost} of {sent} lost", {
          leg: legText(best.leg, plan),
          lost: best.lost,
          sent: counted(best.sent, "packet"),
        }),
      ]
    : [];
}

function adviceFor(node: string, pod: ProxyPod | undefined, namespace: string): readonly Sentence[] {
  const critical = pod !== undefined && CRITICAL.has(pod.priorityClassName ?? "");
  const crashing = pod !== undefined && pod.phase === "Running";
  return [
    ...(critical || crashing
      ? []
      : [
          say(
            "Give the DaemonSet of kube-proxy priorityClassName system-node-critical, so that it always finds room and is not evicted",
          ),
        ]),
    ...(crashing
      ? [say("Read the log of its last run: kubectl logs -n {pod} --previous", { pod: pod.name.replace("/", " ") })]
      : []),
    ...(!crashing
      ? [say("Make room on {node} until then: its kube-proxy has to start before any Service works there", { node })]
      : []),
    ...(pod === undefined
      ? [
          say("Look at why the DaemonSet in {namespace} leaves out {node}: taints, node selector, affinity", {
            namespace,
            node,
          }),
        ]
      : []),
  ];
}
