import type { DropRule } from "./drop-rules.ts";
import { crosses, endsOf, isPod } from "./elements.ts";
import type { Leg, Plan, Vantage } from "./plan.ts";
import { inPrefix } from "./routes.ts";

/** One packet of a leg as a packet filter meets it. Addresses are absent where they are not known beforehand. */
type Packet = {
  readonly hook: "input" | "forward" | "output";
  readonly source: string | undefined;
  readonly destination: string | undefined;
  readonly protocol: string;
  readonly sourcePort: number | undefined;
  readonly port: number | undefined;
};

/** UDP ports and IP protocols in which pod networks wrap packets: VXLAN (two ports), Geneve, WireGuard, Calico. */
const TUNNEL_PORTS: readonly number[] = [8472, 4789, 6081, 51820, 51871];
const TUNNEL_PROTOCOLS = ["ipip", "ipencap", "4", "gre", "47", "esp", "50"];

/**
 * Whether packets of a leg, requests or replies, meet a rule at a vantage point. Conditions that are not understood
 * count as met: the rule's counter and the leg's loss have to agree anyway. `tunnelPorts`: UDP ports of the pod
 * network's tunnels, beyond the usual ones.
 */
export function hits(rule: DropRule, at: Vantage, leg: Leg, plan: Plan, tunnelPorts: readonly number[] = []): boolean {
  if (rule.more.some((condition) => /ctstate (INVALID|UNTRACKED)|^mark|^addrtype/.test(condition))) return false;
  return packetsAt(at, leg, plan, [...TUNNEL_PORTS, ...tunnelPorts]).some(
    (packet) => reaches(rule, packet) && matches(rule, packet),
  );
}

function reaches({ hooks }: DropRule, { hook }: Packet): boolean {
  if (hooks.length === 0) return false;
  return hooks.some(
    (name) =>
      name === hook ||
      name === "ingress" ||
      (name === "prerouting" && hook !== "output") ||
      (name === "postrouting" && hook !== "input"),
  );
}

function matches(rule: DropRule, packet: Packet): boolean {
  const address = (cidr: string | undefined, ip: string | undefined): boolean => {
    if (cidr === undefined || cidr.startsWith("@")) return true;
    // An unknown address is that of a tunnel device: it may lie in a network, but is no single address that is named.
    return ip === undefined ? /\/\d+$/.test(cidr) && !/\/(32|128)$/.test(cidr) : inPrefix(ip, cidr);
  };
  const port = (ranges: DropRule["ports"], value: number | undefined): boolean =>
    ranges === undefined || (value !== undefined && ranges.some(([low, high]) => value >= low && value <= high));
  const protocol = rule.protocol?.toLowerCase();
  return (
    address(rule.source, packet.source) &&
    address(rule.destination, packet.destination) &&
    (protocol === undefined || protocol === "all" || protocol === packet.protocol) &&
    port(rule.ports, packet.port) &&
    (rule.sourcePorts === undefined || packet.sourcePort === undefined || port(rule.sourcePorts, packet.sourcePort))
  );
}

/** Everything of a leg that passes the network namespace of a vantage point. */
function packetsAt(at: Vantage, leg: Leg, plan: Plan, tunnelPorts: readonly number[]): readonly Packet[] {
  const { from, to } = endsOf(leg, plan);
  if (!from) return [];
  const protocol = leg.port === undefined ? "icmp" : "tcp";
  // A node that talks to a pod elsewhere picks the address of its tunnel device.
  const fromIp = leg.scope === "overlay" && !isPod(from) ? undefined : from.ip;
  const toIp = leg.scope === "service" ? undefined : leg.toIp;
  const request = { source: fromIp, destination: toIp, protocol, sourcePort: undefined, port: leg.port };
  const reply = { source: toIp, destination: fromIp, protocol, sourcePort: leg.port, port: undefined };
  if (isPod(at)) {
    if (from.id === at.id)
      return [
        { hook: "output", ...request },
        { hook: "input", ...reply },
      ];
    if (to?.id === at.id)
      return [
        { hook: "input", ...request },
        { hook: "output", ...reply },
      ];
    return [];
  }
  const packets: Packet[] = [];
  const startsHere = from.node === at.node;
  const endsHere = to?.node === at.node;
  if (startsHere) {
    if (isPod(from)) {
      if (!(to && !isPod(to) && endsHere)) packets.push({ hook: "forward", ...request }, { hook: "forward", ...reply });
    } else packets.push({ hook: "output", ...request }, { hook: "input", ...reply });
  }
  if (to && endsHere) {
    if (isPod(to)) {
      if (isPod(from) || !startsHere) packets.push({ hook: "forward", ...request }, { hook: "forward", ...reply });
    } else packets.push({ hook: "input", ...request }, { hook: "output", ...reply });
  }
  if (to && leg.scope === "overlay" && crosses(leg) && (startsHere || endsHere))
    packets.push(...wrapped(at, startsHere ? to : from, plan, tunnelPorts));
  return packets;
}

/** The same packets inside a tunnel, from node to node and back. */
function wrapped(at: Vantage, farEnd: Vantage, plan: Plan, tunnelPorts: readonly number[]): readonly Packet[] {
  const far = plan.vantages.find(({ id }) => id === `node/${farEnd.node}`)?.ip;
  const outside = (protocol: string, port: number | undefined): Packet[] => [
    { hook: "output", source: at.ip, destination: far, protocol, sourcePort: undefined, port },
    { hook: "input", source: far, destination: at.ip, protocol, sourcePort: undefined, port },
  ];
  return [
    ...tunnelPorts.flatMap((port) => outside("udp", port)),
    ...TUNNEL_PROTOCOLS.flatMap((protocol) => outside(protocol, undefined)),
  ];
}
