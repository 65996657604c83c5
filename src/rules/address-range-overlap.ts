import { cutOff } from "../core/between-nodes.ts";
import { crosses, isPod } from "../core/elements.ts";
import { askedNodes } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import { inPrefix, lookUp, type Route, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { listed, type Sentence, say } from "../core/sentence.ts";
import { idsOf, sufferers, sufferText } from "../core/suffering.ts";
import { nodeVantage } from "../core/tunnels.ts";
import { nodeStateEvidence } from "../probes/node-state.ts";

/**
 * Two networks use the same addresses: a network that a node is directly connected to, or a route to somewhere else, covers the
 * pods of another node and takes their packets; or two nodes have the same range for their pods. Decisive is the route that wins
 * for the address of a pod although it belongs to something else, or the two ranges, and legs to those pods that are cut off.
 * Fooled by ranges that contain each other without harm (the longest prefix wins: only the route that is taken counts), by pod
 * networks that take pod addresses from the nodes' own network (cloud networks: there the NIC's route is right), and by nodes
 * without a range of their own (the pod network keeps them: nothing is said about those).
 */
export const addressRangeOverlap: Rule = {
  name: "address-range-overlap",
  title: "Two networks use the same addresses",
  needs: [routesEvidence],
  evaluate(seen) {
    const nodes = askedNodes(seen.plan);
    const suspicions = [...nodes.flatMap((node) => captured(node, seen)), ...sharedRanges(seen)];
    if (suspicions.length > 0) return suspicions;
    const unread = nodes.filter((node) => !seen.evidence.get(routesEvidence, `node/${node}`));
    if (unread.length > 0)
      return {
        status: "unknown",
        because: say("the routing table of {nodes} was not read", { nodes: listed(unread) }),
      };
    return {
      status: "cleared",
      because: say("no other network of {nodes} takes the addresses of the path", { nodes: listed(nodes) }),
    };
  },
};

function legsBetween(seen: Case, node: string, peer: string) {
  return sufferers(seen, (leg, { from, to }) => {
    const ends = [from?.node, to?.node];
    return crosses(leg) && leg.scope === "overlay" && ends.includes(node) && ends.includes(peer);
  }).filter(cutOff);
}

/** Pods of other nodes whose packets a connected network of this node takes. */
function captured(node: string, seen: Case): readonly Suspicion[] {
  const { plan, evidence } = seen;
  const at = nodeVantage(plan, node);
  const routes = evidence.get(routesEvidence, `node/${node}`)?.versions.at(-1)?.value ?? [];
  const far = plan.vantages.filter(
    (one) => isPod(one) && one.node !== node && one.ip !== nodeVantage(plan, one.node)?.ip,
  );
  if (!at) return [];
  const taken = far.flatMap((pod) => {
    const route = lookUp(routes, pod.ip).route;
    return route && isForeign(route, pod, at, seen) ? [{ pod, route }] : [];
  });
  return [...Map.groupBy(taken, ({ pod, route }) => `${pod.node} ${route.dst} ${route.dev}`).values()].flatMap(
    (same): readonly Suspicion[] => {
      const [{ pod, route } = { pod: undefined, route: undefined }] = same;
      if (!pod || !route) return [];
      const dead = legsBetween(seen, node, pod.node);
      if (dead.length === 0) return [];
      return [
        suspicion({ kind: "node", name: node }, seen, dead, {
          because: say(
            "on {node} {route} on {device}, a network of its own, covers {pods} of {peer}: their packets go there",
            {
              node,
              route: route.dst,
              device: route.dev ?? "?",
              pods: listed([...new Set(same.map(({ pod: one }) => `${one.label} (${one.ip})`))], 3),
              peer: pod.node,
            },
          ),
          confirm: `ip route get ${pod.ip}; ip -4 addr show dev ${route.dev ?? ""}   # on ${node}`,
        }),
      ];
    },
  );
}

/**
 * Whether a route to a pod elsewhere belongs to another network: connected directly, on a device that carries neither the node's
 * address nor pods of this node, and not the one by which other nodes' pods are reached.
 */
function isForeign(route: Route, pod: Vantage, at: Vantage, { plan, evidence }: Case): boolean {
  if (route.gateway !== undefined || route.type !== "unicast" || route.dev === undefined || route.dst === "default")
    return false;
  const routes = evidence.get(routesEvidence, at.id)?.versions.at(-1)?.value ?? [];
  const deviceTo = (ip: string): string | undefined => lookUp(routes, ip).route?.dev;
  const others = plan.vantages.filter((one) => one.node !== at.node && one.node !== pod.node);
  const own = routes.filter(({ type, table, dev }) => type === "local" && table === "local" && dev === route.dev);
  const nodes = plan.vantages.filter(({ id }) => id.startsWith("node/") && id !== at.id);
  return (
    !others.some((one) => isPod(one) && deviceTo(one.ip) === route.dev) &&
    !nodes.some(({ ip }) => deviceTo(ip) === route.dev) &&
    !plan.vantages.some((one) => isPod(one) && one.node === at.node && deviceTo(one.ip) === route.dev) &&
    !own.some(({ dst }) => dst === at.ip)
  );
}

/** Two nodes whose ranges for pods overlap, one of them on the path. */
function sharedRanges(seen: Case): readonly Suspicion[] {
  const nodes = seen.evidence.all(nodeStateEvidence).filter(({ data }) => data.present);
  const ranges = nodes.flatMap(({ subject, data }) =>
    data.podCidrs.map((range) => ({ node: subject.replace(/^node\//, ""), range })),
  );
  const nodesAsked = askedNodes(seen.plan);
  return nodesAsked.flatMap((node, nth) =>
    ranges
      .filter((own) => own.node === node)
      .flatMap((own) => {
        const other = ranges.find(
          // Two nodes of the path are one finding.
          (one) => !nodesAsked.slice(0, nth + 1).includes(one.node) && overlap(own.range, one.range),
        );
        const dead = other
          ? sufferers(
              seen,
              (leg, { from, to }) => leg.scope === "overlay" && [from?.node, to?.node].includes(node),
            ).filter(cutOff)
          : [];
        if (!other || dead.length === 0) return [];
        return [
          suspicion({ kind: "node", name: node }, seen, dead, {
            because: say("{node} and {peer} have the same addresses for their pods: {range} and {other}", {
              node,
              peer: other.node,
              range: own.range,
              other: other.range,
            }),
            confirm: "kubectl get nodes -o custom-columns=NAME:.metadata.name,RANGES:.spec.podCIDRs",
          }),
        ];
      }),
  );
}

function overlap(one: string, other: string): boolean {
  const base = (range: string): string => range.split("/")[0] ?? "";
  return inPrefix(base(one), other) || inPrefix(base(other), one);
}

function suspicion(
  where: Suspicion["where"],
  { plan }: Case,
  dead: ReturnType<typeof sufferers>,
  { because, confirm }: { readonly because: Sentence; readonly confirm: string },
): Suspicion {
  return {
    status: "suspected",
    confidence: "certain",
    where,
    because: [because, sufferText(dead, plan)],
    against: [],
    confirm: [confirm],
    advice: [
      say(
        "Give one of the two networks other addresses: the range of the pods, or that of the bridge, VPN or VPC that overlaps",
      ),
      say("Until then take the route away that covers them, if nobody needs it"),
    ],
    explains: [
      "route-missing",
      "neighbour-unresolved",
      "duplicate-ip",
      "tunnel-blocked",
      "port-filtered",
      "dns-down",
      "dns-path-loss",
      "dns-upstream-failing",
      "path-member-loss",
      "path-loss",
      "high-latency",
    ],
    legs: idsOf(dead),
  };
}
