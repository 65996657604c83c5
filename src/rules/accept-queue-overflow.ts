import { legText } from "../core/anomaly-text.ts";
import type { LegResult } from "../core/compare.ts";
import { endsOf, isPod } from "../core/elements.ts";
import { gainedDuring } from "../core/gains.ts";
import { tcpEvidence } from "../core/leg-evidence.ts";
import { asked, suffers } from "../core/path-facts.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { countersEvidence } from "../probes/counters.ts";
import { listenersEvidence } from "../probes/listeners.ts";

/**
 * The program does not accept connections as fast as they come: its queue is full, and the kernel drops further SYNs.
 * Decisive are `ListenOverflows` gaining in the target's own namespace while connects to the port time out or need a second
 * SYN, and the queue of exactly that port being full (Recv-Q at or above Send-Q); the counter alone belongs to no port.
 * Fooled by old totals, by another port of the same pod (its queue is the full one: not named here), by `ListenDrops`,
 * which also counts want of memory, and by a short burst that the queue took without loss.
 */
export const acceptQueueOverflow: Rule = {
  name: "accept-queue-overflow",
  title: "Program does not accept connections",
  needs: [tcpEvidence, listenersEvidence],
  evaluate(seen) {
    const { plan, comparison, evidence } = seen;
    const tcp = plan.legs.flatMap((leg) =>
      leg.port === undefined || !endsOf(leg, plan).to ? [] : (comparison.legs.get(leg.id) ?? []),
    );
    const targets = Map.groupBy(tcp, ({ leg }) => `${leg.to}:${leg.port}`);
    const suspicions = [...targets.values()].flatMap((same) => suspect(same, seen));
    if (suspicions.length > 0) return suspicions;
    const read = tcp.filter(({ leg }) => asked(leg) && evidence.get(listenersEvidence, leg.to));
    if (read.length === 0) return { status: "unknown", because: say("the queues of the asked port could not be read") };
    return {
      status: "cleared",
      because: say("no connection was turned away by a full queue of {ports}", {
        ports: listed([...new Set(read.map(({ leg }) => `${endsOf(leg, plan).to?.label}:${leg.port}`))]),
      }),
    };
  },
};

function suspect(same: readonly LegResult[], seen: Case): readonly Suspicion[] {
  const { plan, evidence, comparison } = seen;
  const leg = same[0]?.leg;
  const at = leg && endsOf(leg, plan).to;
  const bad = same.filter((result) => suffers(result) || result.lost > 0);
  if (!leg || !at || !bad.some((result) => asked(result.leg) && suffers(result))) return [];
  const queue = evidence.get(listenersEvidence, at.id)?.queues.find(({ port }) => port === leg.port);
  const gains = evidence.get(countersEvidence, at.id);
  const overflows = gains ? gainedDuring(gains, "TcpExtListenOverflows", comparison.badSeconds).inside : 0;
  const full = queue !== undefined && queue.limit > 0 && queue.waiting >= queue.limit;
  if (!queue || !full) return [];
  const lost = bad.reduce((sum, result) => sum + result.lost, 0);
  const sent = bad.reduce((sum, result) => sum + result.sent, 0);
  const pod = isPod(at);
  return [
    {
      status: "suspected",
      confidence: overflows > 0 ? "certain" : "likely",
      where: pod ? { kind: "pod", name: at.label } : { kind: "node", name: at.node },
      because: [
        say("port {port} of {pod} has {waiting} waiting to be accepted, and its queue takes {limit}", {
          port: `${leg.port}`,
          pod: at.label,
          waiting: counted(queue.waiting, "connection"),
          limit: queue.limit,
        }),
        ...(overflows > 0
          ? [
              say("the kernel of {pod} turned {count} away for that while connects failed (ListenOverflows)", {
                pod: at.label,
                count: counted(overflows, "connection"),
              }),
            ]
          : []),
        say("{lost} of {sent} to it were not answered or needed a second SYN: {legs}", {
          lost,
          sent: counted(sent, "connect"),
          legs: listed(
            bad.map((result) => legText(result.leg, plan)),
            3,
          ),
        }),
      ],
      against: overflows > 0 ? [] : [say("ListenOverflows did not move during the check, or could not be read")],
      confirm: [
        `ss -ltn 'sport = :${leg.port}'; nstat -az TcpExtListenOverflows   # in the network of ${at.label}, twice`,
        ...(pod ? [`kubectl logs -n ${at.label.replace("/", " ")}`] : []),
      ],
      advice: [
        say(
          "Look at what keeps the program of {pod} from accepting: all workers busy, a blocked event loop, a deadlock, a CPU limit",
          {
            pod: at.label,
          },
        ),
        say("If it only lags behind in bursts, give listen() a longer queue and raise net.core.somaxconn with it"),
      ],
      explains: ["path-loss", "port-filtered", "port-closed", "slow-connect", "server-slow", "link-delay"],
      legs: same.map((result) => result.leg.id),
    },
  ];
}
