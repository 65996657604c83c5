import { bracketed } from "#src/core/packet-address.ts";
import type { Random } from "./random.ts";

/** Which family of addresses everything in a lab has. */
export type IpFamily = "ipv4" | "ipv6";

/** Every address of a lab. They differ from lab to lab, so that nothing can recognise one. */
export type Addresses = {
  readonly family: IpFamily;
  /** The switch itself: the nodes' default gateway, which leads nowhere. */
  readonly gateway: string;
  readonly nodeIps: readonly string[];
  /** Covers all pods of the cluster. */
  readonly podRange: string;
  /** How the addresses of each node's pods begin: the number of a pod is all that is missing. */
  readonly podPrefixes: readonly string[];
  /** The address of a Service, from two numbers below 256. */
  readonly serviceIp: (third: number, fourth: number) => string;
  readonly dnsIp: string;
  readonly vni: number;
  readonly vxlanPort: number;
  /** MAC of each node's NIC and of its tunnel device. */
  readonly nicMacs: readonly string[];
  readonly tunnelMacs: readonly string[];
};

/** Lengths of prefixes: of the network between the nodes, of one node's pods, and of a single address. */
export const prefixLengths = (family: IpFamily): { readonly net: number; readonly one: number } =>
  family === "ipv4" ? { net: 24, one: 32 } : { net: 64, one: 128 };

/** An address with a port behind it. */
export const withPort = (ip: string, port: number): string => `${bracketed(ip)}:${port}`;

/**
 * Draws ranges that do not overlap: nodes in 192.168/16 or 172.16/12, pods and services in 10/8; of IPv6 all below one unique
 * local prefix (RFC 4193).
 */
export function drawAddresses(nodes: number, family: IpFamily, random: Random): Addresses {
  const net = random.pick([
    `192.168.${random.between(0, 254)}`,
    `172.${random.between(16, 31)}.${random.between(0, 254)}`,
  ]);
  const pods = random.between(32, 239);
  const firstSubnet = random.between(0, 200);
  const firstNode = random.between(4, 200);
  const oui = random.pick(["52:54:00", "fa:16:3e", "00:16:3e", "00:50:56"]);
  const byte = (): string => random.hex(2);
  const each = <T>(make: (index: number) => T): T[] => Array.from({ length: nodes }, (_, index) => make(index));
  const serviceSecond = random.between(2, 30);
  const ranges =
    family === "ipv4"
      ? {
          gateway: `${net}.1`,
          nodeIps: each((index) => `${net}.${firstNode + index}`),
          podRange: `10.${pods}.0.0/16`,
          podPrefixes: each((index) => `10.${pods}.${firstSubnet + index}.`),
          serviceIp: (third: number, fourth: number) => `10.${serviceSecond}.${third}.${fourth}`,
        }
      : rangesOfIpv6(`fd${random.hex(2)}:${group(random)}:${group(random)}`, { each, pods, firstSubnet, firstNode });
  return {
    family,
    ...ranges,
    dnsIp: ranges.serviceIp(0, 10),
    vni: random.pick([1, random.between(2, 4096)]),
    vxlanPort: random.pick([8472, 4789]),
    nicMacs: each((index) => `${oui}:${byte()}:${byte()}:${(index + 16).toString(16).padStart(2, "0")}`),
    tunnelMacs: each(
      (index) =>
        `${random.pick(["2a", "7e", "b6", "ce"])}:${byte()}:${byte()}:${byte()}:${byte()}:${(index + 16).toString(16).padStart(2, "0")}`,
    ),
  };
}

/** Nothing that begins with a zero: addresses are compared as the kernel writes them (RFC 5952, 4.1). */
const group = (random: Random): string => random.between(0x1000, 0xffff).toString(16);

function rangesOfIpv6(
  prefix: string,
  {
    each,
    pods,
    firstSubnet,
    firstNode,
  }: {
    readonly each: <T>(make: (index: number) => T) => T[];
    readonly pods: number;
    readonly firstSubnet: number;
    readonly firstNode: number;
  },
): Pick<Addresses, "gateway" | "nodeIps" | "podRange" | "podPrefixes" | "serviceIp"> {
  return {
    gateway: `${prefix}:1::1`,
    nodeIps: each((index) => `${prefix}:1::${(firstNode + index).toString(16)}`),
    // A /56: the last two digits of the fourth group are the node's.
    podRange: `${prefix}:${pods.toString(16)}00::/56`,
    podPrefixes: each((index) => `${prefix}:${(pods * 256 + firstSubnet + index).toString(16)}::`),
    serviceIp: (third, fourth) => `${prefix}:2::${third === 0 ? "" : `${third.toString(16)}:`}${fourth.toString(16)}`,
  };
}
