import { legText } from "../core/anomaly-text.ts";
import { cutOff, silenceLooksLike } from "../core/between-nodes.ts";
import { crosses, endsOf, isPod } from "../core/elements.ts";
import { asked, servingNodes } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import { lookUp, routesEvidence } from "../core/routes.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { nodeVantage } from "../core/tunnels.ts";
import { countersEvidence } from "../probes/counters.ts";
import { sysctlsEvidence } from "../probes/sysctls.ts";

/**
 * A node does not forward packets: its pods reach the node and, over a bridge, each other, but nothing beyond.
 * Decisive is the live value of ip_forward, or of the forwarding switch of the device through which the pod's packets
 * enter, being 0, and legs of the node's pods to other nodes that are cut off; `IpInAddrErrors` on the node counts what
 * it refused. Values in a pod's own network say nothing: pods do not forward. Fooled by data planes that bypass the
 * kernel's routing (then the legs are healthy: cleared).
 */
export const forwardingDisabled: Rule = {
  name: "forwarding-disabled",
  title: "Node does not forward packets",
  needs: [sysctlsEvidence],
  evaluate(seen) {
    const nodes = servingNodes(seen.plan).flatMap((node) => nodeVantage(seen.plan, node) ?? []);
    const read = nodes.filter(({ id }) =>
      Object.keys(seen.evidence.get(sysctlsEvidence, id)?.values ?? {}).some((path) => /forward/.test(path)),
    );
    const suspicions = read.flatMap((at) => suspect(at, seen));
    if (suspicions.length > 0) return suspicions;
    if (read.length === 0)
      return { status: "unknown", because: say("the forwarding switches of no node of the path were read") };
    return {
      status: "cleared",
      because: say("{nodes} forward packets, or nothing of their pods is cut off", {
        nodes: listed(read.map(({ label }) => label)),
      }),
    };
  },
};

function suspect(at: Vantage, { plan, evidence, comparison }: Case): readonly Suspicion[] {
  const routed = [...comparison.legs.values()].filter(({ leg, sent }) => {
    const { from, to } = endsOf(leg, plan);
    const ours = (end: Vantage | undefined): boolean => end !== undefined && isPod(end) && end.node === at.node;
    if (sent === 0 || !(ours(from) || ours(to))) return false;
    return crosses(leg) || leg.scope === "external" || leg.scope === "service";
  });
  const off = switchesOff(
    at,
    routed.flatMap(({ leg }) => endsOf(leg, plan).from ?? []),
    evidence,
  );
  const cut = routed.filter(cutOff);
  if (off.length === 0 || !cut.some(({ leg }) => asked(leg))) return [];
  const crossing = routed.filter(({ leg }) => crosses(leg));
  const passing = crossing.filter((result) => !cut.includes(result));
  // Most of it passes: something forwards without asking the kernel.
  if (passing.length > crossing.length / 2) return [];
  const refused = evidence.get(countersEvidence, at.id)?.gained["IpInAddrErrors"] ?? 0;
  const changed = evidence.get(sysctlsEvidence, at.id)?.changed ?? [];
  return [
    {
      status: "suspected",
      confidence: passing.length === 0 ? "certain" : "likely",
      where: { kind: "node", name: at.node },
      because: [
        say("on {node} forwarding is switched off: {switches}", {
          node: at.label,
          switches: listed(off.map((path) => `net.${path.replaceAll("/", ".")} = 0`)),
        }),
        ...(changed.some((path) => off.includes(path)) ? [say("it was switched off while the check ran")] : []),
        say("cut off between its pods and what lies beyond the node: {legs}", { legs: counted(cut.length, "leg") }),
        ...(refused > 0
          ? [
              say("{node} refused {packets} that were not for itself (IpInAddrErrors)", {
                node: at.label,
                packets: counted(refused, "packet"),
              }),
            ]
          : []),
      ],
      against: passing.slice(0, 3).map(({ leg }) => say("{leg} passes all the same", { leg: legText(leg, plan) })),
      confirm: [`sysctl net.ipv4.ip_forward net.ipv4.conf.all.forwarding   # on ${at.label}`],
      advice: [
        say("Switch forwarding on at {node}: sysctl -w net.ipv4.ip_forward=1", { node: at.label }),
        say("Find what switched it off, usually a file in /etc/sysctl.d or a hardening job that ran sysctl --system"),
      ],
      explains: silenceLooksLike,
      legs: routed.map(({ leg }) => leg.id),
    },
  ];
}

/** Switches that are off and that packets of these senders meet: the whole node's, or that of the device they enter by. */
function switchesOff(at: Vantage, senders: readonly Vantage[], evidence: Case["evidence"]): readonly string[] {
  const values = evidence.get(sysctlsEvidence, at.id)?.values ?? {};
  const whole = senders.some(({ ip }) => ip.includes(":"))
    ? ["ipv6/conf/all/forwarding"]
    : ["ipv4/ip_forward", "ipv4/conf/all/forwarding"];
  const off = whole.filter((path) => values[path] === "0");
  if (off.length > 0) return off.slice(0, 1);
  const routes = evidence.get(routesEvidence, at.id)?.versions.at(-1)?.value ?? [];
  const devices = senders.flatMap(({ ip }) => lookUp(routes, ip).route?.dev ?? []);
  return [...new Set(devices)].map((device) => `ipv4/conf/${device}/forwarding`).filter((path) => values[path] === "0");
}
