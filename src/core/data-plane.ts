import { z } from "zod";
import type { Device as Addressed } from "./addresses.ts";
import type { Device } from "./devices.ts";
import type { Route } from "./routes.ts";
import type { Tunnel } from "./tunnels.ts";

/**
 * What a node's data plane is: which pod network, how it carries packets, who does Services. Nothing here is a fault, and nothing is
 * guessed: what was not read, or does not go together, is not recognised.
 */

export const ways = [
  "VXLAN",
  "Geneve",
  "IPIP",
  "GRE",
  "WireGuard",
  /** Routes to the other nodes' pods lead to those nodes; a BGP daemon made them, or somebody else. */
  "bgp",
  "host-routes",
  /** The cloud's network knows where each pod is: nothing on the node says so. */
  "cloud",
  /** Pods have addresses on the network of the nodes. */
  "nodes-network",
] as const;
export type Way = (typeof ways)[number];
const cables = ["bridge", "routed", "netkit", "open-vswitch", "macvlan", "ipvlan"] as const;

export const dataPlaneSchema = z.object({
  /** Names, the one that gives addresses first; several where one is chained behind another. Empty = not recognised. */
  network: z.array(z.string()),
  /** Why it was not: these all left signs of themselves. */
  contradicting: z.array(z.string()).optional(),
  /** How packets go to pods of other nodes; empty = not recognised, absent = no such pod was looked at. */
  between: z.array(z.enum(ways)).optional(),
  encrypted: z.enum(["WireGuard", "IPsec"]).optional(),
  /** How pods are joined to their node. */
  cable: z.enum(cables).optional(),
  /** Who sends connections to Service addresses on; absent = not recognised. */
  services: z.enum(["iptables", "nft", "IPVS", "eBPF", "nobody"]).optional(),
  /** The address of the DNS cache on the node is there, and whether anything listens at it. */
  nodeLocalDns: z.enum(["listens", "silent"]).optional(),
  /** IP families of its pods. */
  families: z.array(z.enum(["IPv4", "IPv6"])),
  /** NICs with addresses, where it has more than one. */
  nics: z.array(z.string()).optional(),
  /** A pod that was looked at has further interfaces with addresses (Multus). */
  furtherInterfaces: z.boolean().optional(),
});
export type DataPlane = z.infer<typeof dataPlaneSchema>;

/** The data planes of a report: nodes whose state is the same share one. */
export const dataPlanesSchema = z.array(dataPlaneSchema.extend({ nodes: z.array(z.string()), text: z.string() }));

/** A node and what it was recognised as. */
export type NodePlane = { readonly node: string; readonly plane: DataPlane };

/** What was read of one node, newest readings; undefined = not read. */
export type NodeFacts = {
  readonly ip: string;
  readonly devices: readonly Device[] | undefined;
  readonly tunnels: readonly Tunnel[];
  readonly addresses: readonly Addressed[] | undefined;
  readonly routes: readonly Route[] | undefined;
  /** Policy routing rules as JSON, without those that every system has. */
  readonly rules: readonly string[];
  readonly programs: readonly { readonly device: string; readonly name: string }[];
  /** Addresses at which port 53 listens; undefined = not read. */
  readonly listens53: readonly string[] | undefined;
  /** Service tables: frames of kube-proxy and how many Services hang in each. */
  readonly services: {
    readonly iptables:
      | { readonly frame: boolean; readonly ipvs: boolean; readonly count: number; readonly whole: boolean }
      | undefined;
    readonly nft: { readonly frame: boolean; readonly count: number } | undefined;
    /** Virtual servers of the kernel. */
    readonly ipvs: number;
    /** kube-proxy pods run in the cluster, one of them on this node. */
    readonly proxyRuns: boolean;
  };
  readonly chains: readonly string[];
  readonly agents: readonly { readonly pod: string; readonly network: string }[];
  /** Its pods as far as they were looked at. */
  readonly pods: readonly {
    readonly ip: string;
    readonly devices: readonly Device[] | undefined;
    readonly addresses: readonly Addressed[] | undefined;
  }[];
  /** Addresses of pods on other nodes. */
  readonly elsewhere: readonly string[];
};
