import { legText } from "../core/anomaly-text.ts";
import { endsOf, isPod } from "../core/elements.ts";
import { tcpEvidence } from "../core/leg-evidence.ts";
import { bracketed } from "../core/packet-address.ts";
import { asked } from "../core/path-facts.ts";
import type { Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { listenersEvidence } from "../probes/listeners.ts";

const MIN_REFUSED = 3;
const LOOPBACK = /^(127\.|::1$)/;

/**
 * The program listens on the port, but on the loopback address only: from inside the pod all is well, everybody else is
 * refused. Decisive are the socket list of the target and refused connects.
 * Fooled by a port that is open on another address too (then it is not refused), and by meshes where only the side car is
 * meant to reach the program (then the side car takes the connect, and it is not refused).
 */
export const loopbackOnlyListener: Rule = {
  name: "loopback-only-listener",
  title: "Server listens on the loopback address only",
  needs: [tcpEvidence, listenersEvidence],
  evaluate({ plan, evidence, comparison }) {
    const refused = [...comparison.legs.values()].filter(
      (result) => result.refused >= MIN_REFUSED && result.leg.port !== undefined && endsOf(result.leg, plan).to,
    );
    const suspicions = [...Map.groupBy(refused, ({ leg }) => `${leg.to}:${leg.port}`).values()].flatMap(
      (same): Suspicion[] => {
        const leg = same[0]?.leg;
        const at = leg && endsOf(leg, plan).to;
        if (!leg || !at || leg.port === undefined || !same.some((result) => asked(result.leg))) return [];
        const sockets = (evidence.get(listenersEvidence, at.id)?.versions.at(-1)?.value ?? []).filter(
          ({ port }) => port === leg.port,
        );
        if (sockets.length === 0 || !sockets.every(({ ip }) => LOOPBACK.test(ip))) return [];
        const port = String(leg.port);
        const sent = same.reduce((sum, result) => sum + result.sent, 0);
        return [
          {
            status: "suspected",
            confidence: "certain",
            where: isPod(at) ? { kind: "pod", name: at.label } : { kind: "node", name: at.node },
            because: [
              say("{target} listens on {sockets} only, which nobody outside of it can reach", {
                target: at.label,
                sockets: listed(sockets.map(({ ip }) => `${bracketed(ip)}:${port}`)),
              }),
              say("port {port} of {target} refuses {refused} of {sent}: {legs}", {
                port,
                target: at.label,
                refused: same.reduce((sum, result) => sum + result.refused, 0),
                sent: counted(sent, "connect"),
                legs: listed(
                  same.map((result) => legText(result.leg, plan)),
                  3,
                ),
              }),
            ],
            against: [],
            confirm: [`ss -ltn 'sport = :${port}'   # in the network of ${at.label}`],
            advice: [
              say("Let the program of {target} listen on 0.0.0.0 (or ::) instead of the loopback address", {
                target: at.label,
              }),
            ],
            explains: ["port-closed", "path-loss"],
            legs: [
              ...same.map((result) => result.leg.id),
              ...plan.legs.filter(({ scope }) => scope === "service").map(({ id }) => id),
            ],
          },
        ];
      },
    );
    if (suspicions.length > 0) return suspicions;
    return { status: "cleared", because: say("no port that refuses is open on a loopback address") };
  },
};
