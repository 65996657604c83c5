import { type AskedPort, askedPorts, endedIn, handshaken } from "../core/asked-ports.ts";
import { isPod, placeOf } from "../core/elements.ts";
import { type HttpData, httpEvidence, httpOutcomes } from "../core/http-evidence.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, type Sentence, say } from "../core/sentence.ts";
import { msText, percentText } from "../core/units.ts";
import { type ResetOrigins, resetOrigins } from "../pcap/reset-origins.ts";
import { countersEvidence } from "../probes/counters.ts";
import { sourcePortsEvidence } from "../probes/source-ports.ts";

export const MIN_RESETS = 3;
const MIN_SHARE = 0.2;
/** Resets that the target's own kernel must have sent, of those that arrived, to be the sender of them. */
const SENT_SHARE = 0.5;

const NEARLY_ALL = 0.9;

/** Who resets: proof that it is the target, that it is not, or neither. */
export type Resets = {
  readonly asked: AskedPort;
  readonly data: HttpData;
  readonly by: "peer" | "middle" | "unknown";
  /** Resets that the target's kernel sent during the check beside our own refusals, when that could be read. */
  readonly sent: number | undefined;
  /** Where taps saw them first. */
  readonly origins: ResetOrigins;
};

/**
 * Connections are accepted and then reset, by the target itself. Decisive is that connections inside its own network are
 * reset too, that a tap at the target saw the resets leave, or that its kernel counted the resets it sent (TcpOutRsts).
 * Fooled by something on the way that resets in its name: then its own network is fine and its kernel sent none
 * (reset-by-middle); by refused connects (no handshake: port-closed, and those that the check provokes are not counted); and by
 * health checks of others that end in resets, which is why only connections of the check count.
 */
export const resetByPeer: Rule = {
  name: "reset-by-peer",
  title: "Connections are reset by the target",
  needs: [httpEvidence],
  evaluate(seen) {
    const all = resetsOf(seen);
    const suspicions = all.filter(({ by }) => by !== "middle").map((found) => suspicion(found, seen));
    if (suspicions.length > 0) return suspicions;
    const calm = askedPorts(seen).flatMap(({ source }) => (source && handshaken(source) > 0 ? [source] : []))[0];
    if (all.length > 0) return { status: "cleared", because: say("connections are reset, but not by the target") };
    if (!calm) return { status: "unknown", because: say("no connection was accepted") };
    return {
      status: "cleared",
      because: say("{resets} of {connections} were reset after the handshake", {
        resets: endedIn(calm, "reset"),
        connections: counted(handshaken(calm), "connection"),
      }),
    };
  },
};

/** Ports of the asked path whose connections are reset after the handshake, and by whom. */
export function resetsOf(seen: Case): readonly Resets[] {
  return askedPorts(seen).flatMap((asked): Resets[] => {
    const { source, node, self, at } = asked;
    const data = [source, node].find(resets);
    if (!data) return [];
    const sent = seen.evidence.get(countersEvidence, at.id)?.gained;
    const sentResets = sent === undefined ? undefined : Math.max(0, (sent["TcpOutRsts"] ?? 0) - refusedBy(at, seen));
    const many = sentResets === undefined ? undefined : sentResets >= SENT_SHARE * endedIn(data, "reset");
    const calm = self !== undefined && handshaken(self) >= MIN_RESETS && endedIn(self, "reset") === 0;
    const origins = resetOrigins(at, asked.port, seen);
    const captured = whoByTaps(origins);
    const by = resets(self)
      ? "peer"
      : (captured ?? (calm && many === false ? "middle" : many === true && isPod(at) ? "peer" : "unknown"));
    return [{ asked, data, by, sent: sentResets, origins }];
  });
}

/** Nearly all of the resets that taps saw have one kind of origin, or the taps say nothing. */
function whoByTaps({ own, middle }: ResetOrigins): "peer" | "middle" | undefined {
  const fromPeer = own?.count ?? 0;
  const fromMiddle = middle.reduce((sum, { count }) => sum + count, 0);
  if (fromPeer + fromMiddle < MIN_RESETS) return undefined;
  const share = fromPeer / (fromPeer + fromMiddle);
  return share >= NEARLY_ALL ? "peer" : share <= 1 - NEARLY_ALL ? "middle" : undefined;
}

/** Refusals that the check itself asked of a place: its kernel counts them as resets, too. */
function refusedBy({ ip }: AskedPort["at"], { evidence }: Case): number {
  const targets = evidence.all(sourcePortsEvidence).flatMap(({ data }) => data.targets);
  return targets
    .filter((target) => target.ip === ip && target.answer === "refused")
    .reduce((sum, { sources }) => sum + sources.reduce((all, { answered }) => all + answered, 0), 0);
}

function resets(data: HttpData | undefined): data is HttpData {
  if (!data) return false;
  const count = endedIn(data, "reset");
  return count >= MIN_RESETS && count / handshaken(data) >= MIN_SHARE;
}

/** `8 of 10 connections from shop/web to port 5432 of shop/db are reset after the handshake, 3.1 ms after it`. */
export function resetText({ asked: { at, port }, data }: Resets, { plan }: Case): Sentence {
  const waits = data.requests.flatMap(([, index, waitMs]) => (index === RESET ? [waitMs] : []));
  return say(
    "{resets} of {connections} from {from} to port {port} of {pod} are reset within {wait} of the handshake ({share})",
    {
      resets: endedIn(data, "reset"),
      connections: counted(handshaken(data), "connection"),
      from: plan.vantages.find(({ id }) => id === data.from)?.label ?? data.from,
      port: `${port}`,
      pod: at.label,
      share: percentText(endedIn(data, "reset") / handshaken(data)),
      wait: msText(Math.max(0.1, ...waits)),
    },
  );
}

const RESET = httpOutcomes.indexOf("reset");

function suspicion(found: Resets, seen: Case): Suspicion {
  const { asked, by, sent, origins } = found;
  const { at, self, legs, port } = asked;
  return {
    status: "suspected",
    confidence: by === "unknown" ? "possible" : resets(self) ? "certain" : "likely",
    where: placeOf(at),
    because: [
      resetText(found, seen),
      ...(self && resets(self)
        ? [
            say(
              "it is not the network: inside the network of {pod} itself {resets} of {connections} are reset as well",
              {
                pod: at.label,
                resets: endedIn(self, "reset"),
                connections: counted(handshaken(self), "connection"),
              },
            ),
          ]
        : []),
      ...(origins.own
        ? [
            say("captured at {tap}: {resets} as they left {pod}", {
              tap: origins.own.tap.label,
              resets: counted(origins.own.count, "reset"),
              pod: at.label,
            }),
          ]
        : []),
      ...(sent !== undefined && sent > 0
        ? [
            say("the kernel of {pod} sent {sent} during the check (TcpOutRsts, without refusals to the check itself)", {
              pod: at.label,
              sent: counted(sent, "reset"),
            }),
          ]
        : []),
    ],
    against:
      by === "unknown" ? [say("whether {pod} itself sends the resets could not be measured", { pod: at.label })] : [],
    confirm: [
      `tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0 and port ${port}'   # in the network of ${at.label}`,
      `nstat -as TcpOutRsts TcpExtTCPAbortOnData TcpExtTCPAbortOnClose   # the same place, twice`,
    ],
    advice: [
      say(
        "Look at why the program of {pod} drops connections that it has accepted: its log, its limits on connections, time-outs and clients it allows",
        {
          pod: at.label,
        },
      ),
    ],
    explains: ["http-error"],
    legs: [...legs],
  };
}
