import { type AskedPort, askedPorts, endedIn, handshaken } from "../core/asked-ports.ts";
import { httpEvidence } from "../core/http-evidence.ts";
import type { Place } from "../core/place.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, type Sentence, say } from "../core/sentence.ts";
import { type MiddleResets, resetOrigins } from "../pcap/reset-origins.ts";
import { tapFactsEvidence } from "../pcap/tap-evidence.ts";
import { MIN_RESETS, type Resets, resetsOf, resetText } from "./reset-by-peer.ts";

/**
 * Connections are reset after the handshake, and not by the target: inside its own network they live, and its kernel sent
 * no (or hardly any) resets. Something on the way answers in its name: a firewall, a load balancer, a sidecar. Taps say it
 * without that: a reset that none of those near its alleged sender saw was made between them and the first that did.
 * Fooled by a target that resets only strangers (then its kernel counts the resets: reset-by-peer).
 */
export const resetByMiddle: Rule = {
  name: "reset-by-middle",
  title: "Connections are reset on the way",
  needs: [],
  evaluate(seen) {
    const all = resetsOf(seen);
    const found = all.filter(({ by }) => by === "middle");
    const captured = askedPorts(seen).flatMap((asked) =>
      all.some((one) => one.asked.at === asked.at && one.asked.port === asked.port) ? [] : capturedOnly(asked, seen),
    );
    const suspicions = [...found.map((one) => suspicion(one, seen)), ...captured];
    if (suspicions.length > 0) return suspicions;
    if (!seen.evidence.has(httpEvidence) && !seen.evidence.has(tapFactsEvidence))
      return { status: "unknown", because: say("no connection was opened or recorded that could be reset") };
    if (all.some(({ by }) => by === "unknown"))
      return { status: "unknown", because: say("whether the target itself sends the resets could not be measured") };
    return { status: "cleared", because: say("no connection was reset by anything but its target") };
  },
};

function suspicion(found: Resets, seen: Case): Suspicion {
  const { asked, sent, data, origins } = found;
  const { at, self, node, beside, legs } = asked;
  // Seen from the target's own node or a pod of it as well, it is on that node or in front of the program.
  const near = [node, beside].flatMap((one) => (one && handshaken(one) > 0 ? [one] : []));
  const reset = near.find((one) => endedIn(one, "reset") > 0);
  const labelOf = (id: string): string => seen.plan.vantages.find((vantage) => vantage.id === id)?.label ?? id;
  const source = seen.plan.vantages.find(({ id }) => id === data.from);
  const [located] = origins.middle;
  const where: Place = located
    ? located.between.where
    : reset || !source || source.node === at.node
      ? { kind: "node", name: at.node }
      : { kind: "pair", name: source.node, peer: at.node };
  return {
    status: "suspected",
    confidence: "certain",
    where,
    because: [
      resetText(found, seen),
      ...origins.middle.map((one) => originText(one, at.label)),
      ...(located
        ? []
        : [
            say(
              "{pod} does not send them: its kernel sent {sent} during the check, and {connections} inside its own network lived",
              {
                pod: at.label,
                sent: counted(sent ?? 0, "reset"),
                connections: counted(self ? handshaken(self) : 0, "connection"),
              },
            ),
          ]),
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
    ...remedies(asked),
    legs: [...legs],
  };
}

/** Resets of the programs' own connections, when those of the check live. */
function capturedOnly(asked: AskedPort, seen: Case): readonly Suspicion[] {
  const { at, port, legs } = asked;
  const { own, middle } = resetOrigins(at, port, seen);
  const [most] = middle;
  const count = middle.reduce((sum, one) => sum + one.count, 0);
  if (!most || count < MIN_RESETS || (own?.count ?? 0) >= count) return [];
  return [
    {
      status: "suspected",
      confidence:
        most.example.usualTtl !== undefined && most.example.usualTtl !== most.example.ttl ? "certain" : "likely",
      where: most.between.where,
      because: middle.map((one) => originText(one, at.label)),
      against: [],
      ...remedies(asked),
      within: most.between.within,
      legs: [...legs],
    },
  ];
}

function remedies({ at, port }: AskedPort): Pick<Suspicion, "confirm" | "advice"> {
  return {
    confirm: [
      `tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0 and port ${port}'   # on ${at.node} and at the source: compare TTL and IP id with other packets of the target`,
    ],
    advice: [
      say(
        "Look for what answers in the name of {pod}: packet filters with a reset, firewalls, load balancers and proxies on the way",
        { pod: at.label },
      ),
    ],
  };
}

/** `3 resets in the name of shop/db-0 were first seen at node-1 eth0, and not at node-2 eth0, which is nearer to it`. */
function originText({ seen, unseen, count, example }: MiddleResets, pod: string): Sentence {
  const values = { resets: counted(count, "reset"), pod, seen: seen.label, unseen: unseen.label };
  return example.usualTtl === undefined || example.usualTtl === example.ttl
    ? say(
        "captured: {resets} in the name of {pod} were first seen at {seen}, and not at {unseen}, which is nearer to it",
        values,
      )
    : say(
        "captured: {resets} in the name of {pod} were first seen at {seen}, and not at {unseen}, which is nearer to it; they come with TTL {ttl}, its other packets with {usual}",
        { ...values, ttl: example.ttl, usual: example.usualTtl },
      );
}
