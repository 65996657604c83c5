import { saveCommand } from "../core/ip-family.ts";
import { asked } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { type ServiceLeg, serviceLegs } from "../core/service-legs.ts";
import { percentText } from "../core/units.ts";
import { type Flow, flowsEvidence } from "../probes/flows.ts";

const MIN_CONNECTIONS = 30;
/** Standard deviations from an even share: of some backends in each check, one is beyond three by chance now and then. */
const SIGMAS = 4;
/** And by so much more than its share: what is even enough harms nobody. */
const TIMES = 1.8;

/**
 * A node does not spread connections to a Service evenly over its backends: one gets far more than its share (four standard
 * deviations and 1.8 times), and what is asked of the Service suffers meanwhile. Decisive are the connections in the node's table,
 * each counted once, by the backend to which they were led.
 * Fooled by session affinity (one client goes to one backend by design: cleared), by endpoints that are chosen by node or zone, by
 * connections that live long (few of them, each counted once), by endpoints that came during the check, by a backend that
 * refuses (its connections leave no trace), and by few connections.
 */
export const unevenBalancing: Rule = {
  name: "uneven-balancing",
  title: "Connections are spread unevenly over the backends",
  needs: [],
  evaluate(seen) {
    const legs = serviceLegs(seen).filter(({ result }) => asked(result.leg));
    if (legs.length === 0) return { status: "cleared", because: say("no Service was asked about") };
    if (legs.every(({ state }) => state.sticky || state.local || state.ready.length < 2))
      return {
        status: "cleared",
        because: say("the asked Service is not meant to spread one client's connections over several backends"),
      };
    const judged = legs.filter(({ from }) => seen.evidence.get(flowsEvidence, `node/${from.node}`));
    if (judged.length === 0)
      return { status: "unknown", because: say("the connections of no node of the path could be read") };
    const suspicions = judged.flatMap((leg) => suspect(leg, seen));
    if (suspicions.length > 0) return suspicions;
    return {
      status: "cleared",
      because: say("connections are spread evenly, or there are too few to tell, or none suffers"),
    };
  },
};

/**
 * How many connections of a pod to a Service each backend got. The table forgets at once what is refused: such connects went to
 * the backends that do not take those that are asked of them directly.
 */
function sharesOf(
  { from, state, port, result }: ServiceLeg,
  { evidence, comparison }: Case,
): ReadonlyMap<string, number> {
  const flows = (evidence.get(flowsEvidence, `node/${from.node}`)?.flows ?? []).filter(
    (flow: Flow) =>
      flow.protocol === "tcp" && flow.from === from.ip && flow.to === result.leg.toIp && flow.port === port,
  );
  const taking = [...comparison.legs.values()].filter(
    ({ leg, sent, refused }) => leg.from === from.id && leg.port !== undefined && sent > 0 && refused === 0,
  );
  const refusing = state.ready.filter(({ ip }) => !taking.some(({ leg }) => leg.toIp === ip));
  const refused = refusing.length === 0 ? 0 : Math.round(result.refused / refusing.length);
  return new Map(
    state.ready.map((backend) => [
      backend.ip,
      flows.filter(({ answers }) => answers === backend.ip).reduce((sum, { count }) => sum + count, 0) +
        (refusing.includes(backend) ? refused : 0),
    ]),
  );
}

function suspect(leg: ServiceLeg, seen: Case): readonly Suspicion[] {
  const { state, result, service, from, port } = leg;
  if (state.sticky || state.local || (state.moves ?? []).length > 0 || state.ready.length < 2) return [];
  if (result.state !== "dead" && result.state !== "lossy" && result.state !== "late" && result.refused === 0) return [];
  const shares = sharesOf(leg, seen);
  const total = [...shares.values()].reduce((sum, count) => sum + count, 0);
  const expected = total / shares.size;
  const deviation = Math.sqrt(expected * (1 - 1 / shares.size));
  const most = [...shares].filter(
    ([, count]) => count > expected + SIGMAS * deviation && count >= Math.min(TIMES * expected, 0.9 * total),
  );
  if (total < MIN_CONNECTIONS || most.length === 0) return [];
  return [
    {
      status: "suspected",
      confidence: "likely",
      where: { kind: "service", name: service },
      because: [
        ...most.map(([ip, count]) =>
          say("{ip} got {count} of {of} of {pod} to {service} ({share}), an even share is {expected}", {
            ip,
            count,
            of: counted(total, "connection"),
            pod: from.label,
            service: `${service}:${port}`,
            share: percentText(count / total),
            expected: percentText(1 / shares.size),
          }),
        ),
        say("{lost} of {sent} to it are lost or refused, {late} late", {
          lost: result.lost + result.refused,
          sent: counted(result.sent, "connect"),
          late: result.late?.bad ?? 0,
        }),
        say("the others got {shares}", {
          shares: listed(
            [...shares].filter(([ip]) => !most.some(([one]) => one === ip)).map(([ip, count]) => `${ip}: ${count}`),
          ),
        }),
      ],
      against: [],
      confirm: [
        `conntrack -L -p tcp -s ${from.ip} --orig-dst ${state.clusterIp ?? ""} | grep -o 'src=[^ ]*' | sort | uniq -c   # on ${from.node}`,
        `${saveCommand(seen.plan)} -t nat | grep -A9 '${service.split("/").slice(1).join("/")}' | grep probability   # on ${from.node}`,
      ],
      advice: [
        say(
          "Look at the rules of {node} for {service}: probabilities, backends that are listed twice, another balancer before it",
          { node: from.node, service },
        ),
      ],
      explains: ["server-slow", "high-latency", "path-loss"],
      legs: [result.leg.id],
    },
  ];
}
