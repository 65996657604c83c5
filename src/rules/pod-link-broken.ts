import { cutOff } from "../core/between-nodes.ts";
import { CABLES, devicesEvidence } from "../core/devices.ts";
import { isPod } from "../core/elements.ts";
import { asked, askedVantages, measuredLegs } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import { lookUp, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { idsOf, sufferText } from "../core/suffering.ts";
import { nodeVantage } from "../core/tunnels.ts";
import { linksEvidence } from "../probes/links.ts";

/** Part of a pod's legs that has to be cut off: a broken cable spares none, but single packets may have passed before. */
const NEARLY_ALL = 0.75;

/**
 * The cable between a pod and its node is broken: the pod's device or its other end is gone, down or without carrier, the other
 * end hangs on no bridge although those of its neighbours do, or the node has no way of its own to the pod's address. Decisive is
 * that fact, read on the node or in the pod, and everything to and from the pod cut off, from its own node, too.
 * Fooled by pod networks without bridges (then no neighbour has one either), by eBPF data planes (netkit instead of veth, and no
 * routes to pods: there only a device that is down counts), and by pods that have ended (`target-not-running` explains it).
 */
export const podLinkBroken: Rule = {
  name: "pod-link-broken",
  title: "Cable between pod and node is broken",
  needs: [linksEvidence],
  evaluate(seen) {
    const pods = askedVantages(seen.plan).filter(isPod);
    if (pods.length === 0) return { status: "cleared", because: say("no pod was asked about") };
    const suspicions = pods.flatMap((pod) => suspect(pod, seen));
    if (suspicions.length > 0) return suspicions;
    const read = pods.filter(({ id }) => seen.evidence.get(linksEvidence, id));
    if (read.length === 0)
      return { status: "unknown", because: say("the devices of no pod of the path could be read") };
    return {
      status: "cleared",
      because: say("the cables of {pods} are up, or they are reached", {
        pods: listed(read.map(({ label }) => label)),
      }),
    };
  },
};

function suspect(pod: Vantage, seen: Case): readonly Suspicion[] {
  const node = nodeVantage(seen.plan, pod.node);
  const own = measuredLegs(seen.comparison).filter(
    ({ leg }) => (leg.from === pod.id || leg.to === pod.id) && leg.scope !== "service" && leg.scope !== "external",
  );
  const dead = own.filter(cutOff);
  if (!node || dead.length < NEARLY_ALL * own.length || !dead.some(({ leg }) => asked(leg))) return [];
  const facts = [...cableFacts(pod, node, seen), ...routeFact(pod, node, seen)];
  if (facts.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: "certain",
      where: { kind: "pod", name: pod.label },
      because: [...facts, sufferText(dead, seen.plan)],
      against: [],
      confirm: [
        `ip -d link; ip route get ${pod.ip}   # on ${node.label}`,
        `ip -d link show eth0   # in the network of ${pod.label}`,
      ],
      advice: [
        say("Delete {pod} so that it is made anew, with a new cable", { pod: pod.label }),
        say("Look in the log of the pod network's agent on {node} for what took the cable away", { node: node.label }),
      ],
      explains: [
        "route-missing",
        "neighbour-unresolved",
        "tunnel-blocked",
        "network-policy-deny",
        "port-filtered",
        "dns-down",
        "dns-path-loss",
        "dns-upstream-failing",
        "path-loss",
        "high-latency",
      ],
      // A pod that has ended has no cable either.
      alike: ["path-loss"],
      legs: [
        ...idsOf(dead),
        ...seen.plan.legs.filter(({ from, to }) => from === pod.id || to === pod.id).map(({ id }) => id),
      ],
    },
  ];
}

/** What is wrong with the pod's device, or with its other end on the node. */
function cableFacts(pod: Vantage, node: Vantage, { evidence }: Case): readonly Sentence[] {
  const inside = evidence.get(linksEvidence, pod.id)?.devices;
  if (!inside || inside.length === 0) return [];
  const names = { pod: pod.label, node: node.label };
  const cables = inside.filter(({ device }) => device !== "lo");
  if (cables.length === 0) return [say("{pod} has no device but lo", names)];
  const cable = cables.find(({ kind }) => CABLES.has(kind ?? "")) ?? cables[0];
  if (!cable) return [];
  const outside = evidence.get(devicesEvidence, node.id)?.devices;
  const far = cable.peerIndex === undefined ? undefined : outside?.find(({ index }) => index === cable.peerIndex);
  const facts: Sentence[] = [];
  if (!cable.up) facts.push(say("{device} of {pod} has no carrier", { ...names, device: cable.device }));
  if (!outside || cable.peerIndex === undefined) return facts;
  if (!far)
    return [
      ...facts,
      say("the other end of {device} of {pod} (device {index} of {node}) is not there", {
        ...names,
        device: cable.device,
        index: `${cable.peerIndex}`,
      }),
    ];
  if (far.down)
    facts.push(say("{device} on {node}, the other end of the cable of {pod}, is down", { ...names, device: far.name }));
  const neighbours = outside.filter(({ kind, elsewhere }) => kind === "veth" && elsewhere === true);
  const bridges = new Set(neighbours.flatMap(({ master }) => master ?? []));
  if (far.master === undefined && bridges.size === 1 && neighbours.filter(({ master }) => master).length >= 1)
    facts.push(
      say("{device} on {node} is on no bridge, {count} other pods' cables are on {bridge}", {
        ...names,
        device: far.name,
        count: neighbours.filter(({ master }) => master).length,
        bridge: [...bridges][0] ?? "",
      }),
    );
  return facts;
}

/** Whether the node lacks a way to its own pod, although it has one to others of its pods. */
function routeFact(pod: Vantage, node: Vantage, { plan, evidence }: Case): readonly Sentence[] {
  const routes = evidence.get(routesEvidence, node.id)?.versions.at(-1)?.value;
  if (!routes) return [];
  const local = (ip: string): boolean => {
    const { kind, route } = lookUp(routes, ip);
    return kind === "specific" && route?.gateway === undefined;
  };
  const siblings = plan.vantages.filter(
    (one) => isPod(one) && one.node === pod.node && one.id !== pod.id && one.ip !== node.ip,
  );
  if (local(pod.ip) || !siblings.some(({ ip }) => local(ip))) return [];
  return [
    say("{node} has no route to {target}, one of its own pods, but to others of them", {
      node: node.label,
      target: `${pod.label} (${pod.ip})`,
    }),
  ];
}
