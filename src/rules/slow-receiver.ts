import { type AskedPort, askedPorts, endedIn } from "../core/asked-ports.ts";
import { isPod, placeOf } from "../core/elements.ts";
import type { Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, say } from "../core/sentence.ts";
import { durationText, percentText } from "../core/units.ts";
import { captureService } from "../pcap/capture-evidence.ts";
import { serversOf } from "../pcap/captured-opens.ts";
import { tapsOf } from "../pcap/tap-evidence.ts";
import { type Connection, connectionsEvidence } from "../probes/connections.ts";
import { listenersEvidence } from "../probes/listeners.ts";

/** Bytes that lie unread this long are not on their way to the program, ms. */
const UNREAD_MS = 3_000;
/** Share of its busy time in which the window stopped the sender, and the least busy time that says something, ms. */
const LIMITED_SHARE = 0.5;
const MIN_BUSY_MS = 1_000;
/** Sightings of a closed window. One alone may be the moment before the program reads. */
const MIN_CLOSED = 2;
const MIN_STUCK = 2;
/** Windows that captures saw closed for so long in all stopped somebody, ms. */
const CLOSED_MS = 1_000;

type Jam = {
  readonly receiver: Vantage;
  readonly sender: Vantage;
  readonly port: number;
  readonly legs: readonly string[];
  /** Connections at the sender that the window stops, and those at the receiver whose bytes lie unread. */
  readonly stopped: readonly Connection[];
  readonly unread: readonly Connection[];
  /** The receiver says something on a connection to the port: it is at work, if not here and now. */
  readonly speaks: boolean;
  /** Where windows of connections to the port were seen closed longest, and for how long in all. */
  readonly closed: { readonly tap: string; readonly ms: number } | undefined;
};

/**
 * A program does not read what it is sent: bytes lie in its receive queue, its window closes, and the sender waits, however
 * good the network is. Decisive is both together: unread bytes for 3 s or more at the receiver, and a sender that meets a
 * closed window (at the sender, or in a capture) or is stopped by it half of its busy time. Either end of the asked path may be the receiver.
 * Fooled by the last segments of a connection (RST and FIN show a window of 0: only live connections are looked at), by a
 * full accept queue, whose connections nobody reads either (accept-queue-overflow; left out when the queue is full), and by
 * a program that is slow or stuck in sending but does answer somebody (server-slow: then unread bytes alone are not enough).
 */
export const slowReceiver: Rule = {
  name: "slow-receiver",
  title: "Receiver does not read",
  needs: [connectionsEvidence],
  evaluate(seen) {
    const suspicions = askedPorts(seen).flatMap((asked) => jamsAt(asked, seen).flatMap((jam) => suspect(jam, asked)));
    if (suspicions.length > 0) return suspicions;
    const most = Math.max(0, ...seen.evidence.all(connectionsEvidence).map(({ data }) => data.most));
    if (most === 0)
      return { status: "unknown", because: say("there were no connections between the two ends to look at") };
    return {
      status: "cleared",
      because: say("of up to {connections} between the two ends none lay unread or met a closed window", {
        connections: counted(most, "connection"),
      }),
    };
  },
};

/** Both directions of the connections to an asked port. */
function jamsAt({ at, port, legs }: AskedPort, { plan, evidence }: Case): readonly Jam[] {
  const source = plan.vantages.find(({ role }) => role === "from");
  if (!source) return [];
  const theirs = evidence.get(connectionsEvidence, at.id)?.list.filter((one) => one.port.local === port) ?? [];
  const peers = new Set(theirs.map(({ local, peer }) => `${peer} ${local}`));
  // Through a Service the source sees another address and port: the same connection has the same port of its own.
  const ports = new Set(theirs.map((one) => one.port.peer));
  const ours = (evidence.get(connectionsEvidence, source.id)?.list ?? []).filter(
    (one) => one.port.peer === port || peers.has(`${one.local} ${one.peer}`) || ports.has(one.port.local),
  );
  const queue = evidence.get(listenersEvidence, at.id)?.queues.find((one) => one.port === port);
  const full = queue !== undefined && queue.waiting > 0 && queue.waiting >= queue.limit;
  const both = { port, legs, closed: closedWindows(at, port, { plan, evidence }) };
  return [
    ...(full
      ? []
      : [{ ...both, ...ofReceiver(theirs), receiver: at, sender: source, stopped: ours.filter(isStopped) }]),
    { ...both, ...ofReceiver(ours), receiver: source, sender: at, stopped: theirs.filter(isStopped) },
  ];
}

const ofReceiver = (connections: readonly Connection[]): Pick<Jam, "unread" | "speaks"> => ({
  unread: connections.filter(isUnread),
  speaks: connections.some(({ unsent, busyMs }) => unsent > 0 || busyMs > 0),
});

function closedWindows(at: Vantage, port: number, { plan, evidence }: Pick<Case, "plan" | "evidence">): Jam["closed"] {
  const seen = tapsOf(evidence).flatMap(({ label }) => {
    const services = serversOf(at, port, plan).flatMap(
      (server) => evidence.get(captureService, `${label} ${server}`) ?? [],
    );
    return services.length === 0 ? [] : [{ tap: label, ms: services.reduce((sum, one) => sum + one.zeroWindowMs, 0) }];
  });
  const [longest] = seen.toSorted((a, b) => b.ms - a.ms);
  return longest && longest.ms >= CLOSED_MS ? longest : undefined;
}

const isUnread = ({ unreadMs }: Connection): boolean => unreadMs >= UNREAD_MS;
const isStopped = ({ windowClosed, busyMs, windowLimitedMs }: Connection): boolean =>
  windowClosed >= MIN_CLOSED || (busyMs >= MIN_BUSY_MS && windowLimitedMs / busyMs >= LIMITED_SHARE);

function suspect(
  { receiver, sender, port, legs, stopped, unread, speaks, closed }: Jam,
  asked: AskedPort,
): readonly Suspicion[] {
  const answers = asked.source ? endedIn(asked.source, "answer") : 0;
  const proven = (stopped.length > 0 || closed !== undefined) && unread.length > 0;
  // Without a closed window: it never answers anybody and several connections lie there.
  if (!proven && !(unread.length >= MIN_STUCK && answers === 0 && !speaks)) return [];
  const worst = unread.toSorted((a, b) => b.unreadMs - a.unreadMs)[0];
  const tight = stopped.toSorted((a, b) => b.windowLimitedMs - a.windowLimitedMs)[0];
  return [
    {
      status: "suspected",
      confidence: proven ? "certain" : "likely",
      where: placeOf(receiver),
      because: [
        ...(worst
          ? [
              say(
                "{pod} does not read what it is sent: {connections} with {sender} on port {port} had bytes unread for {least} or longer, up to {bytes} bytes for {most}",
                {
                  pod: receiver.label,
                  connections: counted(unread.length, "connection"),
                  sender: sender.label,
                  port: `${port}`,
                  least: durationText(UNREAD_MS),
                  bytes: Math.max(...unread.map((one) => one.unread)),
                  most: durationText(worst.unreadMs),
                },
              ),
            ]
          : []),
        ...(tight
          ? [
              say(
                "the window that {pod} offers stopped {sender} for {share} of the time in which it had something to send ({limited} of {busy}); {bytes} bytes wait to be sent",
                {
                  pod: receiver.label,
                  sender: sender.label,
                  share: percentText(tight.busyMs > 0 ? Math.min(1, tight.windowLimitedMs / tight.busyMs) : 1),
                  limited: durationText(tight.windowLimitedMs),
                  busy: durationText(tight.busyMs),
                  bytes: tight.unsent,
                },
              ),
              ...(tight.resent === 0
                ? [say("it is not the network: none of the data on that connection had to be sent again")]
                : []),
            ]
          : []),
        ...(closed
          ? [
              say("captured at {tap}: windows of connections to port {port} were closed for {time} in all", {
                tap: closed.tap,
                port: `${port}`,
                time: durationText(closed.ms),
              }),
            ]
          : []),
      ],
      against: proven ? [] : [say("no closed window was seen at {sender}", { sender: sender.label })],
      confirm: [
        `ss -tnio 'sport = :${port}'   # in the network of ${asked.at.label}: Recv-Q of the receiver, rwnd_limited and persist of the sender`,
        ...(isPod(receiver) ? [`kubectl top pod -n ${receiver.label.replace("/", " ")} --containers`] : []),
      ],
      advice: [
        say(
          "Look at why the program of {pod} does not read from its connections: blocked on something else, too few workers, or out of CPU; the network needs no change",
          {
            pod: receiver.label,
          },
        ),
      ],
      explains: ["server-slow", "high-latency"],
      legs: [...legs],
    },
  ];
}
