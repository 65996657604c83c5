import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { nodeSecondAddress } from "#src/rules/node-second-address.ts";
import { cluster, loses, type Packet, type Scene, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { type Tunnelled, tunnelFacts } from "./tunnel-facts.ts";

const SECOND = "172.20.7.177";
const both = (ip: string, dynamic = true) => [{ ip }, { ip: SECOND, dynamic }];
const facts = (node: string, wanted: (at: Vantage) => Tunnelled): Pick<Scene, "facts"> => ({
  facts: (at, probe) => tunnelFacts(at, probe, at.label === node ? wanted(at) : {}),
});
const mismatch = (node: string) => facts(node, ({ ip }) => ({ local: SECOND, addresses: both(ip) }));
const tunnelFrom =
  (node: string) =>
  ({ fromNode, toNode, leg }: Packet) =>
    fromNode === node && toNode !== node && leg.scope === "overlay";
const lostFrom = (node: string): Pick<Scene, "faults"> => ({ faults: [loses(1, tunnelFrom(node))] });

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "all that the node's tunnel sends is lost",
    scene: { ...mismatch("ulm"), ...lostFrom("ulm") },
    want: "ulm certain",
  },
  { name: "it is the target's node", scene: { ...mismatch("graz"), ...lostFrom("graz") }, want: "graz certain" },
  {
    name: "both addresses are static",
    scene: { ...facts("ulm", ({ ip }) => ({ local: SECOND, addresses: both(ip, false) })), ...lostFrom("ulm") },
    want: "ulm certain",
  },
  {
    name: "there are two nodes only",
    scene: { world: cluster(2), ...mismatch("ulm"), ...lostFrom("ulm") },
    want: "ulm certain",
  },
  {
    name: "only one peer minds",
    scene: {
      ...mismatch("ulm"),
      faults: [loses(1, (packet) => tunnelFrom("ulm")(packet) && packet.toNode === "graz")],
    },
    want: "ulm likely",
  },
  {
    name: "nobody heard what arrived",
    scene: { ...mismatch("ulm"), ...lostFrom("ulm"), withoutTaps: true },
    want: "ulm likely",
  },
  // What can fool it.
  { name: "nothing is lost", scene: mismatch("ulm"), want: "cleared" },
  { name: "the node has one address", scene: { ...facts("ulm", () => ({})), ...lostFrom("ulm") }, want: "cleared" },
  {
    name: "the second address is not the tunnel's",
    scene: { ...facts("ulm", ({ ip }) => ({ addresses: both(ip) })), ...lostFrom("ulm") },
    want: "cleared",
  },
  {
    name: "the node's wire loses",
    scene: { ...mismatch("ulm"), faults: [loses(0.2, through("ulm"))] },
    want: "cleared",
  },
  {
    name: "the whole node is cut off",
    scene: { ...mismatch("ulm"), faults: [loses(1, through("ulm"))] },
    want: "cleared",
  },
  {
    name: "some packets of the tunnel are lost",
    scene: { ...mismatch("ulm"), faults: [loses(0.2, tunnelFrom("ulm"))] },
    want: "cleared",
  },
  {
    name: "what comes to the node is lost",
    scene: {
      ...mismatch("ulm"),
      faults: [
        loses(1, ({ toNode, fromNode, leg }) => toNode === "ulm" && fromNode !== "ulm" && leg.scope === "overlay"),
      ],
    },
    want: "cleared",
  },
  {
    name: "its peers send to that address: it is meant so",
    scene: {
      facts: (at, probe) =>
        tunnelFacts(
          at,
          probe,
          at.label === "ulm"
            ? { local: SECOND, addresses: both(at.ip) }
            : { entries: (n) => (n === 0 ? SECOND : undefined) },
        ),
      ...lostFrom("ulm"),
    },
    want: "cleared",
  },
  {
    name: "the peer is cut off from everybody",
    scene: {
      ...mismatch("ulm"),
      faults: [
        loses(1, ({ toNode, fromNode, leg }) => toNode === "graz" && fromNode !== "graz" && leg.scope === "overlay"),
      ],
    },
    want: "cleared",
  },
  {
    name: "the node's own filter drops the tunnel",
    scene: {
      facts: (at, probe, atMs) =>
        probe === "packet-filter" && at.label === "ulm"
          ? `*filter\n:OUTPUT ACCEPT [0:0]\n[${Math.round(atMs / 20) % 1e9}:0] -A OUTPUT -p udp -m udp --dport 4789 -j DROP\nCOMMIT\n`
          : mismatch("ulm").facts?.(at, probe, atMs),
      ...lostFrom("ulm"),
    },
    want: "cleared",
  },
  {
    name: "addresses could not be read",
    scene: {
      facts: (at, probe) => (probe === "addresses" ? "Killed" : tunnelFacts(at, probe, {})),
      ...lostFrom("ulm"),
    },
    want: "unknown",
  },
])("node-second-address says $want when $name", ({ scene, want }) => {
  expect(ask(nodeSecondAddress, scene).brief).toBe(want);
});

test("it names both addresses and says which one is dynamic", () => {
  const { verdict } = ask(nodeSecondAddress, { ...mismatch("ulm"), ...lostFrom("ulm") });
  expect(because(verdict)).toContain(
    "vx.7 on ulm sends with the outer source 172.20.7.177, but the cluster knows the node as 172.20.7.20",
  );
  expect(because(verdict)).toContain(
    "ens5 of ulm has 2 addresses: 172.20.7.20/24 (static) and 172.20.7.177/24 (dynamic, from DHCP)",
  );
});

test("without an address of its own the tunnel sends with what the route prefers", () => {
  const scene: Scene = {
    ...lostFrom("ulm"),
    facts: (at, probe) => {
      if (at.label === "ulm" && probe === "routes")
        return JSON.stringify([
          { dst: "172.20.7.0/24", dev: "ens5", prefsrc: SECOND },
          ...[1, 2].map((n) => ({ dst: `10.42.${n}.0/24`, gateway: `10.42.${n}.0`, dev: "vx.7" })),
        ]);
      return tunnelFacts(at, probe, at.label === "ulm" ? { local: undefined, addresses: both(at.ip) } : {});
    },
  };
  expect(ask(nodeSecondAddress, scene).brief).toBe("ulm certain");
});
