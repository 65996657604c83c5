import { z } from "zod";
import { addressesIn } from "../core/addresses.ts";
import { type Device, devicesEvidence } from "../core/devices.ts";
import { defineEvidence, evidenceOf } from "../core/evidence.ts";
import type { ReadingProbe, Sample } from "../core/probe.ts";
import { parseJson } from "../core/readings.ts";
import { type Tunnel, tunnelsEvidence } from "../core/tunnels.ts";

/** What one device gained between the first reading and the last; counters that did not move are left out. */
const gained = z.object({
  device: z.string(),
  /** Kind of device as the kernel names it: vxlan, bridge, veth, bond …; absent for plain NICs. */
  kind: z.string().optional(),
  /** Its number in its network namespace, and that of the other end of its cable in the namespace where that lies. */
  index: z.number().optional(),
  peerIndex: z.number().optional(),
  up: z.boolean(),
  mtu: z.number(),
  /** Of tunnel devices: the UDP port in which they wrap packets. */
  tunnelPort: z.number().optional(),
  gained: z.record(z.string(), z.number()),
  /** Times the carrier changed while the check ran. */
  carrierChanges: z.number(),
});

/** Device counters as differences over the check. Subject: vantage id. */
export const linksEvidence = defineEvidence(
  "links",
  z.object({ fromMs: z.number(), toMs: z.number(), devices: z.array(gained) }),
);

/**
 * Ports of bridges, and whether a frame may leave by the port it came in by. `peerIndex` is where the cable of a pod ends:
 * the index of a device of its node. Subject: vantage id.
 */
export const hairpinEvidence = defineEvidence(
  "hairpin",
  z.object({
    ports: z.array(z.object({ device: z.string(), index: z.number(), hairpin: z.boolean() })),
    peerIndex: z.number().optional(),
  }),
);

const printed = z.array(
  z.object({
    ifname: z.string(),
    ifindex: z.number().optional(),
    mtu: z.number().default(0),
    flags: z.array(z.string()).default([]),
    address: z.string().optional(),
    link_index: z.number().optional(),
    link_netnsid: z.number().optional(),
    link: z.string().optional(),
    master: z.string().optional(),
    carrier_changes: z.number().optional(),
    linkinfo: z
      .object({
        info_kind: z.string().optional(),
        info_slave_kind: z.string().optional(),
        info_slave_data: z.looseObject({ hairpin: z.unknown().optional() }).optional(),
        info_data: z
          .looseObject({
            port: z.unknown().optional(),
            id: z.unknown().optional(),
            local: z.unknown().optional(),
            local6: z.unknown().optional(),
            link: z.unknown().optional(),
            external: z.unknown().optional(),
          })
          .optional(),
      })
      .optional(),
    stats64: z.object({ rx: z.record(z.string(), z.number()), tx: z.record(z.string(), z.number()) }).optional(),
  }),
);
type Link = z.infer<typeof printed>[number];

/** More devices than this belong to other pods than ours; busy nodes have hundreds. */
const MAX_DEVICES = 40;
const MAX_PORTS = 300;
/** Taps need the cable of a pod among all others. */
const MAX_ALL = 2_000;
/** At these the way of the asked packets begins, ends, or leaves its node. */
const ON_PATH = new Set(["from", "to", "from-node", "to-node"]);

/** Reads `ip -j -d -s -s addr`, or `link`. */
export function parseLinks(stdout: string): readonly Link[] | undefined {
  return printed.safeParse(parseJson(stdout)).data;
}

/** Devices, what they counted, and their addresses: `ip addr` prints all that `ip link` does. */
export const links: ReadingProbe = {
  kind: "reading",
  name: "links",
  scope: "netns",
  pace: "often",
  argv: ["ip", "-j", "-d", "-s", "-s", "addr"],
  read(samples, { subject, vantage }) {
    const good = samples.filter(({ exitCode }) => exitCode === 0);
    const [first, last] = [good[0], good.at(-1)].map((sample) => (sample ? parseLinks(sample.stdout) : undefined));
    const [from, to] = [good[0], good.at(-1)] as [Sample | undefined, Sample | undefined];
    const addresses = addressesIn(samples, subject);
    if (!first || !last || !from || !to) return addresses;
    const before = new Map(first.map((link) => [link.ifname, link]));
    const devices = last.slice(0, MAX_DEVICES).map((link) => ({
      device: link.ifname,
      ...(link.linkinfo?.info_kind === undefined ? {} : { kind: link.linkinfo.info_kind }),
      ...(link.ifindex === undefined ? {} : { index: link.ifindex }),
      ...(link.link_index === undefined ? {} : { peerIndex: link.link_index }),
      up: link.flags.includes("LOWER_UP"),
      mtu: link.mtu,
      ...tunnelPort(link),
      gained: gains(before.get(link.ifname), link),
      carrierChanges: Math.max(0, changesOf(link) - changesOf(before.get(link.ifname) ?? link)),
    }));
    return [
      evidenceOf(linksEvidence, subject, to.atMs, { fromMs: from.atMs, toMs: to.atMs, devices }),
      evidenceOf(tunnelsEvidence, subject, to.atMs, { devices: last.flatMap(tunnelOf) }),
      evidenceOf(hairpinEvidence, subject, to.atMs, bridgePorts(last)),
      ...(ON_PATH.has(vantage.role)
        ? [evidenceOf(devicesEvidence, subject, to.atMs, { devices: devicesOf(last) })]
        : []),
      ...addresses,
    ];
  },
};

function tunnelPort({ linkinfo }: Link): { readonly tunnelPort?: number } {
  const port = linkinfo?.info_data?.port;
  return typeof port === "number" && (linkinfo?.info_kind === "vxlan" || linkinfo?.info_kind === "geneve")
    ? { tunnelPort: port }
    : {};
}

function devicesOf(all: readonly Link[]): Device[] {
  const indices = new Map(all.map(({ ifname, ifindex }) => [ifname, ifindex]));
  return all.slice(0, MAX_ALL).flatMap((device) => {
    const { ifname, ifindex, mtu, master, linkinfo, link_netnsid: elsewhere } = device;
    if (ifindex === undefined) return [];
    // Of a device in the same namespace the tool prints the name, of one elsewhere the number.
    const peer = device.link_index ?? (device.link === undefined ? undefined : indices.get(device.link));
    return [
      {
        name: ifname,
        index: ifindex,
        mtu,
        ...(device.flags.includes("LOWER_UP") ? {} : { down: true }),
        ...(device.flags.includes("PROMISC") ? { promiscuous: true } : {}),
        ...(linkinfo?.info_kind === undefined ? {} : { kind: linkinfo.info_kind }),
        ...(peer === undefined ? {} : { peer }),
        ...(elsewhere === undefined ? {} : { elsewhere: true }),
        ...(master === undefined ? {} : { master }),
        ...tunnelPort(device),
      },
    ];
  });
}

const TUNNELS = new Set(["vxlan", "geneve", "ipip", "sit", "gre", "gretap", "wireguard"]);

function tunnelOf({ ifname, address, linkinfo }: Link): readonly Tunnel[] {
  const kind = linkinfo?.info_kind ?? "";
  if (!TUNNELS.has(kind)) return [];
  const { id, port, local, local6, link, external } = linkinfo?.info_data ?? {};
  const source = [local, local6].find((ip): ip is string => typeof ip === "string" && ip !== "any");
  return [
    {
      name: ifname,
      kind,
      ...(address === undefined ? {} : { mac: address }),
      ...(typeof id === "number" ? { id } : {}),
      ...(typeof port === "number" ? { port } : {}),
      ...(source === undefined ? {} : { local: source }),
      ...(typeof link === "string" ? { link } : {}),
      external: external === true,
    },
  ];
}

function bridgePorts(all: readonly Link[]): z.infer<typeof hairpinEvidence.schema> {
  const ports = all.flatMap(({ ifname, ifindex, linkinfo }) => {
    const hairpin = linkinfo?.info_slave_kind === "bridge" ? linkinfo.info_slave_data?.hairpin : undefined;
    return typeof hairpin === "boolean" && ifindex !== undefined ? [{ device: ifname, index: ifindex, hairpin }] : [];
  });
  const peerIndex = all.find(({ ifname, linkinfo }) => ifname === "eth0" && linkinfo?.info_kind === "veth")?.link_index;
  return { ports: ports.slice(0, MAX_PORTS), ...(peerIndex === undefined ? {} : { peerIndex }) };
}

function changesOf(link: Link): number {
  return link.carrier_changes ?? link.stats64?.tx["carrier_changes"] ?? 0;
}

/** A device that appeared or was made anew began at zero. */
function gains(before: Link | undefined, after: Link): Record<string, number> {
  const moved: Record<string, number> = {};
  for (const side of ["rx", "tx"] as const)
    for (const [name, value] of Object.entries(after.stats64?.[side] ?? {})) {
      const start = before?.stats64?.[side][name] ?? 0;
      const difference = value >= start ? value - start : value;
      if (difference !== 0 && name !== "carrier_changes") moved[`${side}.${name}`] = difference;
    }
  return moved;
}
