import type { Random } from "./random.ts";

/** Every address of a lab. They differ from lab to lab, so that nothing can recognise one. */
export type Addresses = {
  /** The switch itself: the nodes' default gateway, which leads nowhere. */
  readonly gateway: string;
  readonly nodeIps: readonly string[];
  /** Covers all pods of the cluster. */
  readonly podRange: string;
  /** First three octets of each node's /24 of pods. */
  readonly podPrefixes: readonly string[];
  /** First two octets of the Service range. */
  readonly servicePrefix: string;
  readonly dnsIp: string;
  readonly vni: number;
  readonly vxlanPort: number;
  /** MAC of each node's NIC and of its tunnel device. */
  readonly nicMacs: readonly string[];
  readonly tunnelMacs: readonly string[];
};

/** Draws ranges that do not overlap: nodes in 192.168/16 or 172.16/12, pods and services in 10/8. */
export function drawAddresses(nodes: number, random: Random): Addresses {
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
  const servicePrefix = `10.${serviceSecond}`;
  return {
    gateway: `${net}.1`,
    nodeIps: each((index) => `${net}.${firstNode + index}`),
    podRange: `10.${pods}.0.0/16`,
    podPrefixes: each((index) => `10.${pods}.${firstSubnet + index}`),
    servicePrefix,
    dnsIp: `${servicePrefix}.0.10`,
    vni: random.pick([1, random.between(2, 4096)]),
    vxlanPort: random.pick([8472, 4789]),
    nicMacs: each((index) => `${oui}:${byte()}:${byte()}:${(index + 16).toString(16).padStart(2, "0")}`),
    tunnelMacs: each(
      (index) =>
        `${random.pick(["2a", "7e", "b6", "ce"])}:${byte()}:${byte()}:${byte()}:${byte()}:${(index + 16).toString(16).padStart(2, "0")}`,
    ),
  };
}
