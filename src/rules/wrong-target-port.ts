import { tcpEvidence } from "../core/leg-evidence.ts";
import { asked } from "../core/path-facts.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { type ServiceState, serviceStateEvidence } from "../core/service-evidence.ts";
import { listenersEvidence } from "../probes/listeners.ts";
import { podStateEvidence } from "../probes/pod-state.ts";

const MIN_REFUSED = 3;
const LOOPBACK = /^(127\.|::1$)/;

/**
 * A Service sends connections to a port on which none of its pods listens, while they listen on another one: its target
 * port is wrong. Decisive are the ports of the EndpointSlices against the socket lists of the pods, and refused connects.
 * Fooled by a program that is down (then the pod declares the port, or listens nowhere: `port-closed`), and by declared
 * container ports, which are documentation: they count only together with the sockets.
 */
export const wrongTargetPort: Rule = {
  name: "wrong-target-port",
  title: "Service leads to a port on which nothing listens",
  needs: [tcpEvidence, listenersEvidence],
  evaluate(seen) {
    const found = seen.evidence
      .all(serviceStateEvidence)
      .flatMap(({ subject, data }) => data.ports.flatMap((port) => suspect(subject, data, port, seen)));
    if (found.length > 0) return found;
    return {
      status: "cleared",
      because: say("no Service of the path leads to a port that is closed in all of its pods"),
    };
  },
};

function suspect(
  service: string,
  state: ServiceState,
  { port, protocol }: ServiceState["ports"][number],
  { plan, evidence, comparison }: Case,
): readonly Suspicion[] {
  if (protocol !== "TCP" || state.ready.length === 0) return [];
  const pods = plan.vantages.flatMap((at) => {
    const end = state.ready.find(({ ip }) => ip === at.ip && at.id.startsWith("pod/"));
    return end ? [{ at, ports: end.ports }] : [];
  });
  const results = [...comparison.legs.values()];
  const refusedTo = ({ id }: Vantage, target: number) =>
    results.filter(({ leg, refused }) => leg.to === id && leg.port === target && refused >= MIN_REFUSED);
  // A Service with one port has that one; of several the one that refuses is meant.
  const target = pods.flatMap(({ at, ports }) => ports.filter((one) => refusedTo(at, one).length > 0))[0];
  if (target === undefined) return [];
  const concerned = pods.filter(({ ports }) => ports.includes(target));
  const viaService = results.filter(
    ({ leg, refused }) => leg.toIp === state.clusterIp && leg.port === port && refused >= MIN_REFUSED,
  );
  const direct = concerned.flatMap(({ at }) => refusedTo(at, target));
  if (state.ports.length > 1 && viaService.length === 0) return [];
  if (![...direct, ...viaService].some(({ leg }) => asked(leg))) return [];

  const sockets = concerned.flatMap(({ at }) => {
    const seen = evidence.get(listenersEvidence, at.id)?.versions.at(-1)?.value;
    return seen ? [{ at, open: seen.filter(({ ip }) => !LOOPBACK.test(ip)), all: seen }] : [];
  });
  if (sockets.length === 0 || sockets.some(({ all }) => all.some((one) => one.port === target))) return [];
  const open = [...new Set(sockets.flatMap(({ open: some }) => some.map((one) => one.port)))];
  const declared = new Set(concerned.flatMap(({ at }) => evidence.get(podStateEvidence, at.id)?.declared ?? []));
  // A port that the pod declares is meant to be open: the program is at fault, not the Service.
  if (declared.has(target)) return [];
  const better = open.filter((one) => declared.size === 0 || declared.has(one));
  if (better.length === 0) return [];
  const [, namespace = "", name = ""] = service.split("/");
  const sent = [...direct, ...viaService];
  return [
    {
      status: "suspected",
      confidence: declared.size > 0 ? "certain" : "likely",
      where: { kind: "service", name: service },
      because: [
        say("port {port} of {service} leads to port {target}, on which {pods} not listen", {
          port: String(port),
          service,
          target: String(target),
          pods:
            sockets.length === 1
              ? say("{pod} does", { pod: sockets[0]?.at.label ?? "" })
              : say("{pods} do", { pods: listed(sockets.map(({ at }) => at.label)) }),
        }),
        say("they listen on {ports}", { ports: listed(better.map(String), 6) }),
        ...(declared.size > 0
          ? [say("their containers declare {ports}", { ports: listed([...declared].map(String), 6) })]
          : []),
        say("{refused} of {sent} to it refused", {
          refused: sent.reduce((sum, result) => sum + result.refused, 0),
          sent: counted(
            sent.reduce((sum, result) => sum + result.sent, 0),
            "connect",
          ),
        }),
      ],
      against: [],
      confirm: [
        `kubectl get service -n ${namespace} ${name} -o jsonpath='{.spec.ports}'`,
        `ss -ltn   # in the network of ${sockets[0]?.at.label ?? "a backend"}`,
      ],
      advice: [
        better.length === 1
          ? say("Set the targetPort of {service} to {port}", { service, port: String(better[0]) })
          : say("Set the targetPort of {service} to the port that its pods serve", { service }),
      ],
      explains: ["port-closed", "path-loss"],
      legs: sent.map(({ leg }) => leg.id),
    },
  ];
}
