import { expect, test } from "vitest";
import { firewallDrop } from "#src/rules/firewall-drop.ts";
import { loses, type Packet, play, type Scene, startOf, toPort } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";

/** A filter table in which one rule counts `perSecond` packets. */
const filter = (label: string, rule: (count: number) => string, perSecond = 40): Pick<Scene, "facts"> => ({
  facts: (at, probe, atMs) =>
    probe === "packet-filter" && at.label === label
      ? `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rule(5 + Math.round(((atMs - startOf) / 1_000) * perSecond))}\nCOMMIT\n`
      : undefined,
});
const toPod: Pick<Scene, "faults"> = {
  faults: [loses(1, ({ to, fromNode }: Packet) => to === "shop/api-1" && fromNode !== "graz")],
};
const forward = (count: number) => `[${count}:0] -A FORWARD -d 10.42.1.5/32 -j DROP`;

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "a rule of the node drops what is for the pod",
    scene: { ...filter("graz", forward), ...toPod },
    want: "graz certain",
  },
  {
    name: "a rule refuses it",
    scene: {
      ...filter(
        "graz",
        (count) => `[${count}:0] -A FORWARD -d 10.42.1.5/32 -j REJECT --reject-with icmp-admin-prohibited`,
      ),
      faults: [({ to, fromNode }) => (to === "shop/api-1" && fromNode !== "graz" ? { refused: true } : undefined)],
    },
    want: "graz certain",
  },
  {
    name: "a rule of the source's node drops",
    scene: {
      ...filter("ulm", forward),
      faults: [loses(1, ({ to, fromNode }) => to === "shop/api-1" && fromNode === "ulm")],
    },
    want: "ulm certain",
  },
  {
    name: "a rule drops the tunnel",
    scene: {
      ...filter("graz", (count) => `[${count}:0] -A INPUT -p udp -m udp --dport 8472 -j DROP`, 90),
      faults: [
        loses(1, ({ toNode, fromNode, leg }) => toNode === "graz" && fromNode !== "graz" && leg.scope === "overlay"),
      ],
    },
    want: "graz certain",
  },
  {
    name: "the pod itself drops everything",
    scene: {
      ...filter("shop/api-1", (count) => `[${count}:0] -A INPUT -j DROP`),
      faults: [loses(1, ({ to }) => to === "shop/api-1")],
    },
    want: "shop/api-1 certain",
  },
  { name: "all is well", scene: {}, want: "cleared" },
  // What can fool it.
  {
    name: "a rule drops other people's packets",
    scene: filter("graz", (count) => `[${count}:0] -A INPUT -p udp -m udp --dport 137 -j DROP`),
    want: "cleared",
  },
  {
    name: "a wide rule counts, and our packets pass",
    scene: filter("graz", (count) => `[${count}:0] -A FORWARD -j DROP`),
    want: "cleared",
  },
  {
    name: "a rule meets our packets and its counter stands still",
    scene: { ...filter("graz", () => "[12:0] -A FORWARD -d 10.42.1.5/32 -j DROP"), ...toPod },
    want: "cleared",
  },
  {
    name: "the cluster's own chain drops",
    scene: { ...filter("graz", (count) => `[${count}:0] -A cali-tw-x -d 10.42.1.5/32 -j DROP`), ...toPod },
    want: "cleared",
  },
  {
    name: "a pod filters one port, which is another cause",
    scene: {
      ...filter("shop/api-1", (count) => `[${count}:0] -A INPUT -p tcp -m tcp --dport 7000 -j DROP`),
      faults: [loses(1, toPort("shop/api-1", 7000))],
    },
    want: "cleared",
  },
  {
    name: "packets are lost elsewhere and a rule counts a few others",
    scene: { ...filter("graz", forward, 0.3), ...toPod },
    want: "cleared",
  },
  {
    name: "no filter could be read",
    scene: { facts: (_, probe) => (probe === "packet-filter" || probe === "nft-rules" ? "Killed" : undefined) },
    want: "cleared",
  },
])("firewall-drop says $want when $name", ({ scene, want }) => {
  expect(ask(firewallDrop, scene).brief).toBe(want);
});

test("it quotes the rule with its chain, its counter and the legs that met it", () => {
  const { verdict } = ask(firewallDrop, { ...filter("graz", forward), ...toPod });
  expect(because(verdict)).toMatch(
    /graz, table filter, chain FORWARD: `-d 10\.42\.1\.5\/32 -j DROP` took 800 packets during the check/,
  );
  expect(because(verdict)).toContain("shop/api-0 → shop/api-1");
});

test("a node's rule for one port is the cause, and the filtered port its symptom", () => {
  const rule = (count: number) => `[${count}:0] -A FORWARD -d 10.42.1.5/32 -p tcp -m tcp --dport 7000 -j DROP`;
  const { report } = play({
    ...filter("graz", rule),
    faults: [loses(1, (packet) => toPort("shop/api-1", 7000)(packet) && packet.fromNode !== packet.toNode)],
  });
  expect(report.causes.map(({ cause, where }) => [cause, where.name])).toEqual([["firewall-drop", "graz"]]);
  expect(report.causes[0]?.explains.map(({ cause }) => cause)).toEqual(expect.arrayContaining([]));
  expect(report.status).toBe("broken");
});
