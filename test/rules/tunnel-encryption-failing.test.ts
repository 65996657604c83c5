import { expect, test } from "vitest";
import { parseIpsec } from "#src/probes/ipsec.ts";
import { parseWireguard } from "#src/probes/wireguard.ts";
import { tunnelEncryptionFailing } from "#src/rules/tunnel-encryption-failing.ts";
import { loses, type Packet, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

type Peer = {
  readonly endpoint?: string;
  readonly ageS?: number;
  readonly received?: number;
  readonly sent?: number;
  readonly allowed?: string;
};
/** What ulm's WireGuard says of one peer; bytes each second. */
const wireguard =
  ({
    endpoint = "172.20.7.21:51871",
    ageS = 600,
    received = 0,
    sent = 300,
    allowed = "10.42.1.0/24",
  }: Peer = {}): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    if (probe !== "wireguard" || at.label !== "ulm") return undefined;
    const seconds = Math.max(0, Math.round((atMs - startOf) / 1_000));
    const handshake = ageS === Number.POSITIVE_INFINITY ? 0 : Math.round(startOf / 1_000) - ageS;
    return `cilium_wg0\t(hidden)\tPUBLIC=\t51871\toff\ncilium_wg0\tPEER=\t(hidden)\t${endpoint}\t${allowed}\t${handshake}\t${9_000 + received * seconds}\t${9_000 + sent * seconds}\toff\n`;
  };
const ipsec =
  (node: string, perSecond: number): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) =>
    probe === "ipsec"
      ? `XfrmInError             \t0\nXfrmInNoStates          \t${70 + (at.label === node ? Math.round((perSecond * (atMs - startOf)) / 1_000) : 0)}\n`
      : undefined;
const between = (share: number) =>
  loses(
    share,
    ({ leg, fromNode, toNode }: Packet) =>
      leg.scope === "overlay" && [fromNode, toNode].includes("ulm") && [fromNode, toNode].includes("graz"),
  );

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the last key is ten minutes old and nothing comes back",
    scene: { facts: wireguard(), faults: [between(1)] },
    want: "ulm>graz certain",
  },
  {
    name: "there never was one",
    scene: { facts: wireguard({ ageS: Number.POSITIVE_INFINITY }), faults: [between(1)] },
    want: "ulm>graz certain",
  },
  {
    name: "the peer is known by the pods that it takes",
    scene: {
      facts: wireguard({ endpoint: "192.0.2.5:51820", allowed: "10.42.1.5/32,10.42.1.6/32" }),
      faults: [between(1)],
    },
    want: "ulm>graz certain",
  },
  {
    name: "IPsec finds no state",
    scene: { facts: ipsec("graz", 6), faults: [between(0.4)] },
    want: "graz>ulm certain",
  },
  // What can fool it.
  { name: "all is well", scene: { facts: wireguard({ ageS: 60, received: 300 }) }, want: "cleared" },
  { name: "the peer is idle", scene: { facts: wireguard({ sent: 0 }), faults: [between(1)] }, want: "cleared" },
  {
    name: "the last key is old and bytes come",
    scene: { facts: wireguard({ received: 200 }), faults: [between(1)] },
    want: "cleared",
  },
  { name: "the key is new", scene: { facts: wireguard({ ageS: 100 }), faults: [between(1)] }, want: "cleared" },
  {
    name: "another peer is silent",
    scene: { facts: wireguard({ endpoint: "192.0.2.5:51820" }), faults: [between(1)] },
    want: "cleared",
  },
  { name: "it is silent and packets pass", scene: { facts: wireguard() }, want: "cleared" },
  { name: "IPsec's totals are old", scene: { facts: ipsec("graz", 0), faults: [between(0.4)] }, want: "cleared" },
  { name: "IPsec counts and nothing is lost", scene: { facts: ipsec("graz", 6) }, want: "cleared" },
  {
    name: "the nodes lose as well",
    scene: { facts: ipsec("graz", 6), faults: [loses(0.4, through("graz"))] },
    want: "cleared",
  },
  { name: "nothing was read", scene: { faults: [between(1)] }, want: "unknown" },
])("tunnel-encryption-failing says $want when $name", ({ scene, want }) => {
  expect(ask(tunnelEncryptionFailing, scene).brief).toBe(want);
});

test("it says how old the key is and what was sent", () => {
  expect(because(ask(tunnelEncryptionFailing, { facts: wireguard(), faults: [between(1)] }).verdict)).toMatch(
    /cilium_wg0 of ulm agreed on a key with graz 10 min( \d+ s)? ago; it sent [\d,]+ bytes and received none/,
  );
});

test("a dump of WireGuard and the figures of IPsec are read, however they are cut", () => {
  const dump =
    "wg0\t(hidden)\tA=\t51820\toff\nwg0\tB=\t(none)\t[2001:db8::1]:51820\t10.0.0.0/24,10.0.1.0/24\t1800000000\t10\t20\t25\nwg0\tC=\t(none)\t(none)\t(none)\t0\t0\t0\toff\n";
  expect(parseWireguard(dump)).toMatchObject([
    {
      device: "wg0",
      key: "B=",
      endpoint: "2001:db8::1",
      allowed: ["10.0.0.0/24", "10.0.1.0/24"],
      handshakeS: 1_800_000_000,
      received: 10,
      sent: 20,
    },
    { key: "C=", endpoint: undefined, allowed: [], handshakeS: 0 },
  ]);
  for (let end = 0; end < dump.length; end++) expect(() => parseWireguard(dump.slice(0, end))).not.toThrow();
  expect(parseIpsec("XfrmInError \t3\nXfrmOutNoStates          \t4\n")).toEqual({ XfrmInError: 3, XfrmOutNoStates: 4 });
  expect(parseIpsec("")).toBeUndefined();
});
