import { expect, test } from "vitest";
import { ipvsBackendMissing } from "#src/rules/ipvs-backend-missing.ts";
import { ipvsReuseDelay } from "#src/rules/ipvs-reuse-delay.ts";
import { type Fault, loses, type Packet, play, type Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { dns, noService, shop, world } from "./service-world.ts";

const hex = (ip: string): string =>
  ip
    .split(".")
    .map((byte) => Number(byte).toString(16).padStart(2, "0").toUpperCase())
    .join("");
const hexPort = (port: number): string => port.toString(16).padStart(4, "0").toUpperCase();
type Server = {
  readonly ip: string;
  readonly port: number;
  readonly backends: readonly (readonly [ip: string, port: number, weight?: number])[];
};
const table = (servers: readonly Server[]): string =>
  `IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n${servers
    .flatMap(({ ip, port, backends }) => [
      `TCP  ${hex(ip)}:${hexPort(port)} rr `,
      ...backends.map(
        ([to, toPort, weight = 1]) =>
          `  -> ${hex(to)}:${hexPort(toPort)}      Masq    ${weight}      0          0         `,
      ),
    ])
    .join("\n")}\n`;
const dnsServer: Server = { ip: dns.ip, port: 53, backends: [["10.42.2.53", 53]] };
const cart: Server = {
  ip: shop.ip,
  port: 80,
  backends: [
    ["10.42.1.6", 7001],
    ["10.42.2.6", 7001],
  ],
};
const kept = (addresses: readonly string[]) =>
  JSON.stringify([
    { ifname: "kube-ipvs0", flags: ["NOARP"], addr_info: addresses.map((local) => ({ local, prefixlen: 32 })) },
  ]);

/** ulm's IPVS table and the addresses of kube-ipvs0; all others have all. */
const ipvs =
  (
    servers: readonly Server[] = [dnsServer, cart],
    addresses: readonly string[] = [dns.ip, shop.ip],
    settings = "",
  ): NonNullable<Scene["facts"]> =>
  (at, probe) => {
    const mine = at.label === "ulm";
    if (probe === "service-rules-ipvs") return table(mine ? servers : [dnsServer, cart]);
    if (probe === "service-rules")
      return "*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ\nCOMMIT\n";
    if (probe === "links" && at.id.startsWith("node/")) return kept(mine ? addresses : [dns.ip, shop.ip]);
    return probe === "sysctls" && mine ? settings : undefined;
  };
const asked = { world, to: "svc/shop/cart" } as const;
const fails = noService("ulm", shop.ip);

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the virtual server is missing",
    scene: { ...asked, facts: ipvs([dnsServer]), faults: [fails] },
    want: "ulm certain",
  },
  {
    name: "it has no backend",
    scene: { ...asked, facts: ipvs([dnsServer, { ...cart, backends: [] }]), faults: [fails] },
    want: "ulm certain",
  },
  {
    name: "the address is not on kube-ipvs0",
    scene: { ...asked, facts: ipvs(undefined, [dns.ip]), faults: [fails] },
    want: "ulm certain",
  },
  // What can fool it.
  { name: "all is well", scene: { ...asked, facts: ipvs() }, want: "cleared" },
  { name: "it is missing and connects succeed", scene: { ...asked, facts: ipvs([dnsServer]) }, want: "cleared" },
  { name: "connects fail and it knows all", scene: { ...asked, facts: ipvs(), faults: [fails] }, want: "cleared" },
  {
    name: "its backends are being drained",
    scene: {
      ...asked,
      facts: ipvs([
        dnsServer,
        {
          ...cart,
          backends: [
            ["10.42.1.6", 7001, 0],
            ["10.42.2.6", 7001, 0],
          ],
        },
      ]),
      faults: [fails],
    },
    want: "cleared",
  },
  { name: "the node uses no IPVS", scene: { ...asked, faults: [fails] }, want: "cleared" },
])("ipvs-backend-missing says $want when $name", ({ scene, want }) => {
  expect(ask(ipvsBackendMissing, scene).brief).toBe(want);
});

test("it says what is missing, and missing rules are beneath it", () => {
  const scene: Scene = { ...asked, facts: ipvs([dnsServer], [dns.ip]), faults: [fails] };
  const text = because(ask(ipvsBackendMissing, scene).verdict);
  expect(text).toContain("IPVS of ulm has no virtual server for svc/shop/cart:80 (10.96.7.7)");
  expect(text).toContain("10.96.7.7, the address of svc/shop/cart:80, is not on kube-ipvs0 of ulm");
  expect(play(scene).report.causes.map(({ cause }) => cause)).toEqual(["ipvs-backend-missing"]);
});

const set = ({ reuse = 1, tracks = 1, kernel = "5.4.0-150-generic" } = {}) =>
  `/proc/sys/net/ipv4/vs/conn_reuse_mode:${reuse}\n/proc/sys/net/ipv4/vs/conntrack:${tracks}\n/proc/sys/net/ipv4/vs/expire_nodest_conn:0\n/proc/sys/kernel/osrelease:${kernel}\n`;
/** The first SYN of every fifth connect to the Service from ulm is dropped. */
const putOff = (concerns: (packet: Packet) => boolean): Fault => {
  const starts = new Map<string, number[]>();
  return (packet) => {
    const { leg, way, atMs, protocol } = packet;
    if (!concerns(packet) || way !== "request" || protocol !== "tcp") return undefined;
    const begun = starts.get(leg.id) ?? [];
    if (begun.some((start) => Math.abs(start + 1_000 - atMs) < 50)) return undefined;
    starts.set(leg.id, [...begun, atMs]);
    return begun.length % 5 === 4 ? { lost: true } : undefined;
  };
};
const toService = ({ leg, fromNode }: Packet): boolean =>
  leg.scope === "service" && leg.toIp === shop.ip && fromNode === "ulm";
const every = ({ leg }: Packet): boolean => leg.port !== undefined;
const slow = { ...asked, seconds: 40, faults: [putOff(toService)] } as const;

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "an old kernel puts connections off",
    scene: { ...slow, facts: ipvs(undefined, undefined, set()) },
    want: "ulm certain",
  },
  // What can fool it.
  { name: "all is well", scene: { ...asked, facts: ipvs(undefined, undefined, set()) }, want: "cleared" },
  {
    name: "the kernel has mended it",
    scene: { ...slow, facts: ipvs(undefined, undefined, set({ kernel: "5.15.0-91-generic" })) },
    want: "cleared",
  },
  {
    name: "it is switched off",
    scene: { ...slow, facts: ipvs(undefined, undefined, set({ reuse: 0 })) },
    want: "cleared",
  },
  {
    name: "its connections are not tracked",
    scene: { ...slow, facts: ipvs(undefined, undefined, set({ tracks: 0 })) },
    want: "cleared",
  },
  {
    name: "SYNs to pods are lost as well",
    scene: { ...slow, faults: [putOff(every)], facts: ipvs(undefined, undefined, set()) },
    want: "cleared",
  },
  { name: "the node uses no IPVS", scene: { ...asked, seconds: 40, faults: [putOff(toService)] }, want: "cleared" },
  { name: "the settings could not be read", scene: { ...slow, facts: ipvs() }, want: "unknown" },
])("ipvs-reuse-delay says $want when $name", ({ scene, want }) => {
  expect(ask(ipvsReuseDelay, scene).brief).toBe(want);
});

test("it says how many took a second, and the settings", () => {
  const text = because(ask(ipvsReuseDelay, { ...slow, facts: ipvs(undefined, undefined, set()) }).verdict);
  expect(text).toMatch(/\d+ of \d+ connects to Services from ulm took one second, until their second SYN/);
  expect(text).toContain("net.ipv4.vs.conn_reuse_mode=1, conntrack=1, Linux 5.4.0-150-generic");
});

test("losses elsewhere are not explained by it", () => {
  const scene: Scene = {
    ...slow,
    faults: [loses(0.3, ({ fromNode, toNode }: Packet) => fromNode !== toNode)],
    facts: ipvs(undefined, undefined, set()),
  };
  expect(ask(ipvsReuseDelay, scene).brief).toBe("cleared");
});
