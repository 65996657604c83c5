import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import type { Rule } from "#src/core/rule.ts";
import { fragNeededLost } from "#src/rules/frag-needed-lost.ts";
import { mtuMismatch } from "#src/rules/mtu-mismatch.ts";
import { mtuOverlayTooLarge } from "#src/rules/mtu-overlay-too-large.ts";
import { cluster, inIpv6, play, type Scene } from "../core/simulate.ts";
import type { Sizes } from "../core/simulate-mtu.ts";
import { ask, because } from "./ask.ts";

type Mtus = {
  readonly nic?: Record<string, number>;
  readonly tunnel?: number;
  readonly kind?: string;
  readonly cable?: number;
};

/** Devices of each node: NIC, tunnel and the node's end of a pod's cable. */
const devices =
  ({ nic = {}, tunnel = 1450, kind = "vxlan", cable = tunnel }: Mtus): NonNullable<Scene["facts"]> =>
  (at, probe) => {
    if (probe !== "links" || at.id.startsWith("pod/")) return undefined;
    const up = { flags: ["UP", "LOWER_UP"] };
    return JSON.stringify([
      { ifname: "ens5", mtu: nic[at.node] ?? 1500, ...up },
      { ifname: "vx.7", mtu: tunnel, ...up, linkinfo: { info_kind: kind } },
      { ifname: "cni0", mtu: tunnel, ...up, linkinfo: { info_kind: "bridge" } },
      { ifname: "pod3", mtu: cable, ...up },
    ]);
  };

const isPod = ({ id }: Vantage): boolean => id.startsWith("pod/");
/** Wrapped packets above what the wire or a NIC at either end takes vanish. */
const wire = (most: (from: Vantage, to: Vantage) => number, added: number, pods: number): Sizes => ({
  deviceMtu: (at) => (isPod(at) ? pods : 1500),
  fate: (from, to, bytes) =>
    from.node !== to.node && bytes + (isPod(from) || isPod(to) ? added : 0) > most(from, to) ? "vanishes" : "crosses",
});
/** The same, and TCP of some has learnt it. */
const learnt = (sizes: Sizes, who: (from: Vantage, to: Vantage) => boolean): Sizes => ({
  ...sizes,
  fate: (from, to, bytes, what, atS) =>
    what === "tcp" && who(from, to) ? "crosses" : (sizes.fate?.(from, to, bytes, what, atS) ?? "crosses"),
});
const asked = (from: Vantage, to: Vantage): boolean => from.role === "from" && to.role === "to";
const into = (node: string, bytes: number) => (_: Vantage, to: Vantage) => (to.node === node ? bytes : 1500);

test.each<{ name: string; rule: Rule; scene: Scene; brief: string }>([
  {
    name: "a NIC that is smaller than its peers'",
    rule: mtuMismatch,
    scene: { facts: devices({ nic: { graz: 1400 } }), sizes: wire(into("graz", 1404), 50, 1450) },
    brief: "graz/ens5 certain",
  },
  {
    name: "the same at the asking end",
    rule: mtuMismatch,
    scene: { facts: devices({ nic: { ulm: 1376 } }), sizes: wire(into("ulm", 1376), 50, 1450) },
    brief: "ulm/ens5 certain",
  },
  {
    name: "a NIC that is smaller than its peers', and the asked pair has learnt it from its way back",
    rule: mtuMismatch,
    scene: { facts: devices({ nic: { graz: 1400 } }), sizes: learnt(wire(into("graz", 1404), 50, 1450), asked) },
    brief: "graz/ens5 certain",
  },
  {
    name: "a NIC that is smaller than its peers', and everybody has learnt it",
    rule: mtuMismatch,
    scene: { facts: devices({ nic: { graz: 1400 } }), sizes: learnt(wire(into("graz", 1404), 50, 1450), () => true) },
    brief: "cleared",
  },
  {
    name: "a smaller NIC that harms nobody",
    rule: mtuMismatch,
    scene: { facts: devices({ nic: { graz: 1400 } }) },
    brief: "cleared",
  },
  {
    name: "a smaller NIC at a node beside the path",
    rule: mtuMismatch,
    scene: { facts: devices({ nic: { bern: 1400 } }), sizes: wire(into("bern", 1400), 50, 1450) },
    brief: "cleared",
  },
  {
    name: "a wire that is smaller than every NIC",
    rule: mtuMismatch,
    scene: { facts: devices({}), sizes: wire(() => 1400, 50, 1450) },
    brief: "cleared",
  },
  {
    name: "a limit that is not that of the smaller NIC",
    rule: mtuMismatch,
    scene: { facts: devices({ nic: { graz: 1480 } }), sizes: wire(() => 1300, 50, 1450) },
    brief: "cleared",
  },
  {
    name: "tunnels as large as the NIC",
    rule: mtuOverlayTooLarge,
    scene: { facts: devices({ tunnel: 1500 }), sizes: wire(() => 1500, 50, 1500) },
    brief: "ulm/vx.7 certain",
  },
  {
    name: "IPIP as large as the NIC",
    rule: mtuOverlayTooLarge,
    scene: { facts: devices({ tunnel: 1500, kind: "ipip" }), sizes: wire(() => 1500, 20, 1500) },
    brief: "ulm/vx.7 certain",
  },
  {
    name: "tunnels over IPv6 that leave room for the headers of IPv4 only",
    rule: mtuOverlayTooLarge,
    scene: { world: inIpv6(cluster(3)), facts: devices({ tunnel: 1450 }), sizes: wire(() => 1500, 70, 1450) },
    brief: "ulm/vx.7 certain",
  },
  {
    name: "tunnels over IPv6 that leave room for its headers",
    rule: mtuOverlayTooLarge,
    scene: { world: inIpv6(cluster(3)), facts: devices({ tunnel: 1430 }), sizes: wire(() => 1400, 70, 1430) },
    brief: "cleared",
  },
  {
    name: "tunnels as large as the NIC in a network that carries fragments",
    rule: mtuOverlayTooLarge,
    scene: { facts: devices({ tunnel: 1500 }) },
    brief: "cleared",
  },
  {
    name: "tunnels that fit, over a wire that does not",
    rule: mtuOverlayTooLarge,
    scene: { facts: devices({}), sizes: wire(() => 1400, 50, 1450) },
    brief: "cleared",
  },
  {
    name: "tunnels that do not fit one NIC that is smaller than the others",
    rule: mtuOverlayTooLarge,
    scene: { facts: devices({ nic: { graz: 1400 } }), sizes: wire(into("graz", 1400), 50, 1450) },
    brief: "cleared",
  },
])("$name: $brief", ({ rule, scene, brief }) => {
  expect(ask(rule, scene).brief).toBe(brief);
});

test("the deeper cause is named alone, with what follows from it beneath", () => {
  const { report } = play({ facts: devices({ tunnel: 1500 }), sizes: wire(() => 1500, 50, 1500) });
  expect(report.causes.map(({ cause }) => cause)).toEqual(["mtu-overlay-too-large"]);
  expect(report.causes[0]?.explains.map(({ cause }) => cause)).toContain("mtu-black-hole");
  expect(report.status).toBe("degraded");
});

/** The node that forwards refuses what is too large; its filter may take what it says. */
const router = (refused: number, rule?: string, counter = "IpFragFails"): NonNullable<Scene["facts"]> => {
  const counted = (atMs: number, most: number): number =>
    Math.min(most, Math.round(((atMs % 100_000) / 20_000) * most));
  return (at, probe, atMs) => {
    if (at.id !== "node/ulm") return undefined;
    if (probe === "counters") return JSON.stringify({ kernel: { IpInReceives: 9, [counter]: counted(atMs, refused) } });
    if (probe === "packet-filter" && rule)
      return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n[${counted(atMs, refused)}:900] ${rule}\nCOMMIT\n`;
    return undefined;
  };
};
const DROPS = "-A OUTPUT -p icmp -m icmp --icmp-type 3/4 -j DROP";
const FAILS6 = "Ip6FragFails";
const typed6 = (type: number): string => `-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j DROP`;
const ipv6 = inIpv6(cluster(3));
const deaf: Sizes = {
  fate: (from, to, bytes) =>
    from.node === "ulm" && to.node === "graz" && isPod(from) && bytes > 1400 ? "vanishes" : "crosses",
};
const heard: Sizes = {
  fate: (from, to, bytes) =>
    from.node === "ulm" && to.node === "graz" && bytes > 1400 ? { says: "10.42.0.1", mtu: 1400 } : "crosses",
};

test.each<{ name: string; scene: Scene; brief: string }>([
  { name: "a filter that takes the message", scene: { facts: router(40, DROPS), sizes: deaf }, brief: "ulm certain" },
  { name: "a message that is lost elsewhere", scene: { facts: router(40), sizes: deaf }, brief: "ulm likely" },
  { name: "a message that arrives", scene: { facts: router(40), sizes: heard }, brief: "cleared" },
  { name: "refused packets of others", scene: { facts: router(4_000) }, brief: "cleared" },
  { name: "a filter that takes nothing", scene: { facts: router(0, DROPS), sizes: deaf }, brief: "cleared" },
  {
    name: "a filter that takes that of IPv6",
    scene: { world: ipv6, facts: router(40, typed6(2), FAILS6), sizes: deaf },
    brief: "ulm certain",
  },
  {
    name: "a filter of IPv6 that takes all of ICMP",
    scene: { world: ipv6, facts: router(40, "-A OUTPUT -p ipv6-icmp -j DROP", FAILS6), sizes: deaf },
    brief: "ulm certain",
  },
  {
    name: "a filter of IPv6 that takes another message",
    scene: { world: ipv6, facts: router(40, typed6(129), FAILS6), sizes: deaf },
    brief: "ulm likely",
  },
  {
    name: "refused packets of the other family",
    scene: { world: ipv6, facts: router(40, typed6(2)), sizes: deaf },
    brief: "cleared",
  },
])('"fragmentation needed": $name: $brief', ({ scene, brief }) => {
  expect(ask(fragNeededLost, scene).brief).toBe(brief);
});

test("it says how many were refused and what took the message", () => {
  const { verdict } = ask(fragNeededLost, { facts: router(40, DROPS), sizes: deaf });
  expect(because(verdict)).toMatch(/ulm refused \d+ packets as too large/);
  expect(because(verdict)).toMatch(/--icmp-type 3\/4 -j DROP` took \d+ packets/);
});
