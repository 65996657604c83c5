import { z } from "zod";
import { NetcheckError } from "#src/core/errors.ts";
import { readAddress } from "#src/core/packet-address.ts";
import type { Fabric } from "../fabric.ts";
import { findEnd, findNode } from "../names.ts";
import type { LabParts, Undo } from "./fault.ts";

/** Where on the wire between nodes something happens: an uplink, or an ordered pair of nodes or pods. */
export const wirePlace = {
  node: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  direction: z.enum(["in", "out", "both"], "must be in, out or both").default("out"),
};

export type WirePlace = {
  readonly node?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly direction: "in" | "out" | "both";
};

export const placeRule = {
  message: "needs either node, or from and to",
  holds: ({ node, from, to }: Omit<WirePlace, "direction">): boolean =>
    node === undefined ? from !== undefined && to !== undefined : from === undefined && to === undefined,
};

/** One nft match per direction, and the same in words. */
export function wireMatches(
  lab: LabParts,
  { node, from, to, direction }: WirePlace,
): { readonly matches: string[]; readonly words: string } {
  if (node !== undefined) {
    const port = portOf(lab, findNode(lab.store, node).name);
    const both = { out: `iifname "${port}"`, in: `oifname "${port}"` };
    const words = { out: `out of ${node}'s uplink`, in: `into ${node}'s uplink`, both: `through ${node}'s uplink` }[
      direction
    ];
    return { matches: direction === "both" ? [both.out, both.in] : [both[direction]], words };
  }
  const [a, b] = [endOf(lab, from ?? ""), endOf(lab, to ?? "")];
  if (a.port === b.port)
    throw new NetcheckError("bad-config", `${from} and ${to} are on the same node: no wire lies between them.`);
  const there = pairMatch(lab, a, b);
  const back = pairMatch(lab, b, a);
  const words = { out: `from ${from} to ${to}`, in: `from ${to} to ${from}`, both: `between ${from} and ${to}` }[
    direction
  ];
  return { matches: { out: [there], in: [back], both: [there, back] }[direction], words };
}

type WireEnd = { readonly port: string; readonly podIp?: string };

function endOf(lab: LabParts, text: string): WireEnd {
  const end = findEnd(lab.store, text);
  if ("node" in end) return { port: portOf(lab, end.node.name) };
  const port = portOf(lab, end.pod.node);
  return end.pod.hostNetwork ? { port } : { port, podIp: end.pod.ip };
}

export function portOf({ plan }: LabParts, node: string): string {
  const planned = plan.nodes.find((one) => one.node.name === node);
  if (planned === undefined) throw new Error(`no port for ${node}`);
  return planned.port;
}

/**
 * Where the inner addresses lie, in bits from the outer UDP header: behind 8 bytes of it, 8 of VXLAN and 14 of Ethernet, 12 and 16
 * bytes into an IPv4 header, 8 and 24 into one of IPv6.
 */
const INNER = {
  ipv4: { source: "@th,336,32", target: "@th,368,32" },
  ipv6: { source: "@th,304,128", target: "@th,432,128" },
} as const;

/** What nft calls the family of the lab's packets. */
export const ipOf = ({ plan }: LabParts): "ip" | "ip6" => (plan.addresses.family === "ipv4" ? "ip" : "ip6");
export const iptablesOf = ({ plan }: LabParts): "iptables" | "ip6tables" =>
  plan.addresses.family === "ipv4" ? "iptables" : "ip6tables";

function pairMatch(lab: LabParts, from: WireEnd, to: WireEnd): string {
  const ports = `iifname "${from.port}" oifname "${to.port}"`;
  if (from.podIp === undefined && to.podIp === undefined) return ports;
  if (lab.plan.tunnel === undefined)
    return [ports, from.podIp && `${ipOf(lab)} saddr ${from.podIp}`, to.podIp && `${ipOf(lab)} daddr ${to.podIp}`]
      .filter(Boolean)
      .join(" ");
  const { source, target } = INNER[lab.plan.addresses.family];
  const inner = [from.podIp && `${source} ${hexOf(from.podIp)}`, to.podIp && `${target} ${hexOf(to.podIp)}`];
  return [ports, tunnelMatch(lab), ...inner.filter(Boolean)].join(" ");
}

export const tunnelMatch = ({ plan }: LabParts): string => `udp dport ${plan.addresses.vxlanPort}`;

const hexOf = (ip: string): string => {
  const [first = "", ...rest] = readAddress(ip).words;
  return `${first}${rest.map((word) => word.slice(2)).join("")}`;
};

let tables = 0;

/**
 * Adds rules to the switch, in a table of their own: they see every frame between two ports exactly once, and no node
 * sees them. Priority −200 lies before the bridge hands packets to iptables.
 */
export async function addWireRules({ fabric }: LabParts, rules: readonly string[]): Promise<Undo> {
  const table = `f${++tables}`;
  const text = `table bridge ${table} {\n chain w {\n  type filter hook forward priority -200;\n${rules.map((rule) => `  ${rule}\n`).join("")} }\n}\n`;
  await fabric.run(["nft", "-f", "-"], { stdin: text });
  return async () => {
    await fabric.run(["nft", "delete", "table", "bridge", table]);
  };
}

type Mark = {
  /** As nft and iptables write it: "0x4". */
  readonly mark: string;
  readonly bit: number;
  readonly othersLeft: () => boolean;
  readonly release: () => void;
};

const marksInUse = new WeakMap<Fabric, Set<number>>();
const MAX_MARKS = 30;

/** Takes one bit of the packet mark in the fabric for a fault, so that several on one packet do not disturb each other. */
export function takeMark(fabric: Fabric): Mark {
  const inUse = marksInUse.get(fabric) ?? new Set();
  marksInUse.set(fabric, inUse);
  const bit = Array.from({ length: MAX_MARKS }, (_, index) => index).find((index) => !inUse.has(index));
  if (bit === undefined)
    throw new NetcheckError("bad-config", `This lab takes at most ${MAX_MARKS} delays and duplicates at once.`);
  inUse.add(bit);
  return {
    mark: `0x${(2 ** bit).toString(16)}`,
    bit,
    othersLeft: () => inUse.size > 0,
    release: () => inUse.delete(bit),
  };
}
