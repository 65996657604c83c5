import type { LabCluster } from "./cluster.ts";
import { enter, run } from "./processes.ts";

/** A transit network that no lab uses for itself (RFC 5737, TEST-NET-1). */
const TRANSIT = { first: "192.0.2.1", second: "192.0.2.2", prefix: 30 } as const;

/**
 * The switch's own address moves behind a port of it, so that what leaves the cluster crosses the switch like everything else: what
 * happens on the wire of a node happens to it too.
 */
const BEHIND_A_PORT = `set -eu
ip link add gw0 type veth peer name gwport
ip link set gwport master fab0 up
sysctl -qw net.ipv4.conf.fab0.arp_ignore=1
ip addr del "$1/24" dev fab0
ip addr add "$1/24" dev gw0
ip link set gw0 up`;

/** The way between two clusters. */
export type Link = AsyncDisposable & {
  /** Loses this share of the packets that cross it, each way. */
  readonly lose: (percent: number) => Promise<void>;
  /** From the second cluster only answers pass. */
  readonly answerOnly: () => Promise<void>;
  /** Everything passes again. */
  readonly open: () => Promise<void>;
};

/**
 * Joins the switches of two labs by a cable and routes their nodes and pods to each other, as two clusters on one routed network are.
 * Pods leave their cluster under the address of their node, as flannel masks them. Both labs must live in this process, with addresses
 * that do not overlap: `disjoint`.
 */
export async function linkClusters(first: LabCluster, second: LabCluster): Promise<Link> {
  const inside = ({ switch: { pid } }: LabCluster, argv: readonly string[]) => run(enter(pid, argv));
  const [one, other] = [first.switch.pid, second.switch.pid];
  await inside(first, ["ip", "link", "add", "transit", "type", "veth", "peer", "name", "far"]);
  // The other switch is in a PID namespace of its own: only from out here is it seen under this number.
  await run(["nsenter", "-t", `${one}`, "-n", "ip", "link", "set", "far", "netns", `${other}`]);
  await inside(second, ["ip", "link", "set", "far", "name", "transit"]);
  for (const lab of [first, second]) await inside(lab, ["sh", "-c", BEHIND_A_PORT, "sh", lab.switch.gateway]);
  for (const [lab, own, gateway, far] of [
    [first, TRANSIT.first, TRANSIT.second, second],
    [second, TRANSIT.second, TRANSIT.first, first],
  ] as const) {
    await inside(lab, ["ip", "addr", "add", `${own}/${TRANSIT.prefix}`, "dev", "transit"]);
    await inside(lab, ["ip", "link", "set", "transit", "up"]);
    for (const { ip, podPrefix } of lab.switch.nodes)
      await inside(lab, ["ip", "route", "add", `${podPrefix}0/24`, "via", ip]);
    await inside(lab, ["ip", "route", "add", netOf(far), "via", gateway]);
    for (const { podPrefix } of far.switch.nodes)
      await inside(lab, ["ip", "route", "add", `${podPrefix}0/24`, "via", gateway]);
  }
  let filtered = false;
  async function filter(rules: readonly string[]): Promise<void> {
    if (filtered) await inside(first, ["nft", "delete", "table", "inet", "transit"]);
    filtered = rules.length > 0;
    const chain = ["type filter hook forward priority 0", ...rules].join("\n");
    if (filtered)
      await run(enter(one, ["nft", "-f", "-"]), { stdin: `table inet transit {\nchain cross {\n${chain}\n}\n}\n` });
  }
  return {
    lose: (percent) => filter(["iifname", "oifname"].map((way) => `${way} "transit" ${share(percent)} drop`)),
    answerOnly: () => filter(['iifname "transit" ct state new drop']),
    open: () => filter([]),
    async [Symbol.asyncDispose]() {
      await inside(first, ["ip", "link", "del", "transit"]);
    },
  };
}

/** Whether no address of one is one of the other: they are drawn by chance. */
export function disjoint(first: LabCluster, second: LabCluster): boolean {
  const nets = ({ switch: { nodes, gateway } }: LabCluster): readonly string[] => [
    netOf({ switch: { gateway } }),
    ...nodes.map(({ podPrefix }) => podPrefix),
  ];
  return !nets(first).some((net) => nets(second).includes(net));
}

const share = (percent: number): string => (percent < 100 ? `numgen random mod 1000 < ${percent * 10}` : "");

const netOf = ({ switch: { gateway } }: { readonly switch: { readonly gateway: string } }): string =>
  gateway.replace(/\.\d+$/, ".0/24");
