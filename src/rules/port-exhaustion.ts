import { endsOf, isPod } from "../core/elements.ts";
import { tcpEvidence } from "../core/leg-evidence.ts";
import { bracketed } from "../core/packet-address.ts";
import { asked } from "../core/path-facts.ts";
import type { Leg, Vantage } from "../core/plan.ts";
import type { Case, Rule, Suspicion } from "../core/rule.ts";
import { counted, listed, say, type Text } from "../core/sentence.ts";
import { percentText } from "../core/units.ts";
import { socketsEvidence } from "../probes/sockets.ts";

/** Connects of ours that got no local port, and the share of the range that one destination must have taken. */
const MIN_FAILED = 3;
const USED_UP = 0.9;
/** Most connects failing so is a broken path, not a degraded one. */
const BREAKS = 0.9;

/**
 * No local port is left for connections from here to one address and port: connect answers "Cannot assign requested
 * address" (EADDRNOTAVAIL) before any packet leaves. Decisive are our own connects that fail so, three or more; the sockets
 * say how full the range is, which is counted per source, address and port. TIME_WAIT sockets hold ports for 60 s.
 * Fooled by many sockets to other destinations (each has the whole range), by a large TIME_WAIT count below the range
 * (normal on a busy client: cleared), and by ports that are reused (tcp_tw_reuse): then our connects succeed.
 */
export const portExhaustion: Rule = {
  name: "port-exhaustion",
  title: "Local ports are used up",
  needs: [tcpEvidence],
  evaluate(seen) {
    const legs = seen.plan.legs.filter((leg) => leg.port !== undefined && asked(leg));
    const suspicions = legs.flatMap((leg) => suspect(leg, seen));
    if (suspicions.length > 0) return suspicions;
    const used = legs.flatMap((leg) => usedBy(leg, seen) ?? []).toSorted((a, b) => b.share - a.share)[0];
    if (!legs.some(({ id }) => (seen.evidence.get(tcpEvidence, id)?.sent ?? 0) > 0))
      return { status: "unknown", because: say("no connect of the path was made") };
    return {
      status: "cleared",
      because: used
        ? say("every connect got a local port; at most {share} of them are taken for {to}", {
            share: percentText(used.share),
            to: used.to,
          })
        : say("every connect got a local port"),
    };
  },
};

type Used = {
  readonly to: string;
  readonly total: number;
  readonly waiting: number;
  readonly ports: number;
  readonly share: number;
};

/** How much of its source's range the destination of a leg has taken. */
function usedBy(leg: Leg, { plan, evidence }: Case): Used | undefined {
  const at = endsOf(leg, plan).from;
  const sockets = at && evidence.get(socketsEvidence, at.id);
  if (!sockets?.range) return undefined;
  const [first, last] = sockets.range;
  const found = sockets.destinations.find(({ ip, port }) => ip === leg.toIp && port === leg.port);
  if (!found) return undefined;
  const ports = last - first + 1;
  const { total, waiting } = found;
  return { to: `${bracketed(leg.toIp)}:${leg.port}`, total, waiting, ports, share: total / ports };
}

function suspect(leg: Leg, seen: Case): readonly Suspicion[] {
  const { plan, evidence } = seen;
  const data = evidence.get(tcpEvidence, leg.id);
  const failed = data?.outcomes["no-port"] ?? 0;
  const at = endsOf(leg, plan).from;
  if (!data || !at || failed < MIN_FAILED) return [];
  const used = usedBy(leg, seen);
  const full = used && used.share >= USED_UP ? used : undefined;
  const to = `${bracketed(endsOf(leg, plan).to?.label ?? leg.toIp)}:${leg.port}`;
  const others = plan.legs.filter(
    (other) => other.from === leg.from && other.port !== undefined && other.id !== leg.id,
  );
  const fine = others.filter(({ id }) => (evidence.get(tcpEvidence, id)?.outcomes.connected ?? 0) > 0);
  const because: Text[] = [
    say("{failed} of {connects} from {from} to {to} got no local port (Cannot assign requested address)", {
      failed,
      connects: counted(data.sent, "connect"),
      from: at.label,
      to,
    }),
    ...(full
      ? [
          say("{from} has {total} of {ports} local ports taken for {to}: {waiting} in TIME_WAIT, {open} open", {
            from: at.label,
            total: full.total,
            ports: full.ports,
            to: full.to,
            waiting: full.waiting,
            open: full.total - full.waiting,
          }),
        ]
      : []),
    ...(fine.length > 0
      ? [
          say("other destinations still get one from there: {which}", {
            which: listed(
              fine.map((other) => `${bracketed(endsOf(other, plan).to?.label ?? other.toIp)}:${other.port}`),
              3,
            ),
          }),
        ]
      : []),
  ];
  return [
    {
      status: "suspected",
      confidence: full ? "certain" : "likely",
      where: placeOf(at),
      because,
      against:
        full || !used
          ? []
          : [
              say("when the sockets were read only {share} of the ports were taken", {
                share: percentText(used.share),
              }),
            ],
      confirm: [
        `cat /proc/sys/net/ipv4/ip_local_port_range; ss -Htan dst ${leg.toIp} dport = :${leg.port} | awk '{ print $1 }' | sort | uniq -c   # in the network of ${at.label}`,
      ],
      advice: [
        say(
          "Let the client on {from} keep and reuse its connections to {to} (a pool, HTTP keep-alive) instead of opening one per request",
          {
            from: at.label,
            to,
          },
        ),
        say("Widen net.ipv4.ip_local_port_range there, or set net.ipv4.tcp_tw_reuse=1, until that is done"),
      ],
      explains: ["path-loss", "port-filtered", "slow-connect", "time-wait-pressure"],
      legs: [leg.id],
      breaks: failed >= BREAKS * data.sent,
    },
  ];
}

function placeOf(at: Vantage): Suspicion["where"] {
  return isPod(at) ? { kind: "pod", name: at.label } : { kind: "node", name: at.node };
}
