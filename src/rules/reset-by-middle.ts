import { endedIn, handshaken } from "../core/asked-ports.ts";
import { httpEvidence } from "../core/http-evidence.ts";
import type { Place } from "../core/place.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say } from "../core/sentence.ts";
import { type Resets, resetsOf, resetText } from "./reset-by-peer.ts";

/**
 * Connections are reset after the handshake, and not by the target: inside its own network they live, and its kernel sent
 * no (or hardly any) resets. Something on the way answers in its name: a firewall, a load balancer, a sidecar.
 * Fooled by a target that resets only strangers (then its kernel counts the resets: reset-by-peer).
 */
export const resetByMiddle: Rule = {
  name: "reset-by-middle",
  title: "Connections are reset on the way",
  needs: [httpEvidence],
  evaluate(seen) {
    const all = resetsOf(seen);
    const found = all.filter(({ by }) => by === "middle");
    if (found.length > 0) return found.map((one) => suspicion(one, seen));
    if (all.some(({ by }) => by === "unknown"))
      return { status: "unknown", because: say("whether the target itself sends the resets could not be measured") };
    return { status: "cleared", because: say("no connection was reset by anything but its target") };
  },
};

function suspicion(found: Resets, seen: Case): Suspicion {
  const { asked, sent, data } = found;
  const { at, self, node, beside, legs, port } = asked;
  // Seen from the target's own node or a pod of it as well, it is on that node or in front of the program.
  const near = [node, beside].flatMap((one) => (one && handshaken(one) > 0 ? [one] : []));
  const reset = near.find((one) => endedIn(one, "reset") > 0);
  const labelOf = (id: string): string => seen.plan.vantages.find((vantage) => vantage.id === id)?.label ?? id;
  const source = seen.plan.vantages.find(({ id }) => id === data.from);
  const where: Place =
    reset || !source || source.node === at.node
      ? { kind: "node", name: at.node }
      : { kind: "pair", name: source.node, peer: at.node };
  return {
    status: "suspected",
    confidence: "certain",
    where,
    because: [
      resetText(found, seen),
      say(
        "{pod} does not send them: its kernel sent {sent} during the check, and {connections} inside its own network lived",
        {
          pod: at.label,
          sent: counted(sent ?? 0, "reset"),
          connections: counted(self ? handshaken(self) : 0, "connection"),
        },
      ),
      ...(reset
        ? [
            say(
              "connections from {neighbour}, on the same node, are reset too: it happens on {node} or at the pod's door",
              {
                neighbour: labelOf(reset.from),
                node: at.node,
              },
            ),
          ]
        : near.length > 0
          ? [
              say("connections from {neighbours}, on the same node, live: it happens to what comes from elsewhere", {
                neighbours: listed(near.map((one) => labelOf(one.from))),
              }),
            ]
          : []),
    ],
    against: [],
    confirm: [
      `tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0 and port ${port}'   # on ${at.node} and at the source: compare TTL and IP id with other packets of the target`,
    ],
    advice: [
      say(
        "Look for what answers in the name of {pod}: packet filters with a reset, firewalls, load balancers and proxies on the way",
        {
          pod: at.label,
        },
      ),
    ],
    legs: [...legs],
  };
}
