import type { Scene } from "../core/simulate.ts";
import { ordinaryNic } from "./nic-scene.ts";

export type FakeQueue = {
  readonly device?: string;
  readonly kind?: string;
  readonly rateBytes?: number;
  readonly ingress?: boolean;
  readonly drops?: number;
  readonly overlimits?: number;
};

/** What `netcheck-nic qdiscs` prints: the list of `tc -s -j qdisc`, a line each. */
export function qdiscLines(queues: readonly FakeQueue[]): string {
  const lines = queues.map(({ device = "ens5", kind = "fq_codel", rateBytes, ingress, drops = 0, overlimits = 0 }, n) =>
    JSON.stringify({
      kind: ingress ? "ingress" : kind,
      handle: `${8001 + n}:`,
      dev: device,
      ...(ingress ? { parent: "ffff:fff1" } : { root: true }),
      refcnt: 2,
      options: rateBytes === undefined ? {} : { rate: rateBytes, burst: 1600 },
      bytes: 1_000,
      packets: 10,
      drops,
      overlimits,
      requeues: 0,
      backlog: 0,
      qlen: 0,
    }),
  );
  return `== qdiscs\n[${lines.join(",\n")}]\n== end\n`;
}

/** Queues by vantage label; a function may change with time (seconds after the start). */
export function withQueues(
  queues: Readonly<Record<string, (atS: number) => readonly FakeQueue[]>>,
  startMs: number,
): NonNullable<Scene["facts"]> {
  return (at, probe, atMs) => {
    if (probe === "nics") return ordinaryNic;
    // A pod's cable and its end on the node, by their numbers.
    if (probe === "links" && at.label === "shop/api-1")
      return JSON.stringify([{ ifname: "eth0", ifindex: 2, link_index: 31, mtu: 1450, flags: ["LOWER_UP"] }]);
    if (probe === "links" && at.id === "node/graz")
      return JSON.stringify([
        { ifname: "cali31", ifindex: 31, mtu: 1450, flags: ["LOWER_UP"], linkinfo: { info_kind: "veth" } },
        { ifname: "cali32", ifindex: 32, mtu: 1450, flags: ["LOWER_UP"], linkinfo: { info_kind: "veth" } },
      ]);
    if (probe !== "qdiscs") return undefined;
    return qdiscLines(queues[at.label]?.((atMs - startMs) / 1_000) ?? []);
  };
}
