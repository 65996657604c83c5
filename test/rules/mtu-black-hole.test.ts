import { expect, test } from "vitest";
import type { Vantage } from "#src/core/plan.ts";
import { inWords } from "#src/core/sentence.ts";
import { mtuBlackHole } from "#src/rules/mtu-black-hole.ts";
import { cluster, inIpv6, loses, type Scene, through } from "../core/simulate.ts";
import type { Fate, Sizes } from "../core/simulate-mtu.ts";
import { ask, because } from "./ask.ts";

const crossing = (from: Vantage, to: Vantage): boolean => from.node !== to.node;
/** Wrapped packets are larger by what the tunnel adds. */
const onWire = (from: Vantage, to: Vantage, bytes: number): number =>
  bytes + ([from, to].some(({ id }) => id.startsWith("pod/")) ? 50 : 0);

function limited(bytes: number, concerns: (from: Vantage, to: Vantage) => boolean): Sizes {
  return {
    deviceMtu: ({ id }) => (id.startsWith("pod/") ? 1450 : 1500),
    fate: (from, to, size) =>
      crossing(from, to) && concerns(from, to) && onWire(from, to, size) > bytes ? "vanishes" : "crosses",
  };
}

const at = (node: string) => (from: Vantage, to: Vantage) => from.node === node || to.node === node;
const between = (one: string, other: string) => (from: Vantage, to: Vantage) =>
  [one, other].includes(from.node) && [one, other].includes(to.node);

test.each<{ name: string; scene: Scene; brief: string }>([
  { name: "a node's uplink, target's side", scene: { sizes: limited(1400, at("graz")) }, brief: "graz certain" },
  { name: "a node's uplink, source's side", scene: { sizes: limited(1330, at("ulm")) }, brief: "ulm certain" },
  {
    name: "asked from the other end",
    scene: { from: "shop/api-1", to: "shop/api-0", sizes: limited(1400, at("graz")) },
    brief: "graz certain",
  },
  { name: "a pair of nodes", scene: { sizes: limited(1280, between("ulm", "graz")) }, brief: "ulm>graz certain" },
  {
    name: "one direction only",
    scene: { sizes: limited(1400, (from, to) => from.node === "graz" && to.node === "ulm") },
    brief: "graz>ulm certain",
  },
  { name: "all nodes", scene: { sizes: limited(1400, () => true) }, brief: "all nodes certain" },
  { name: "two nodes only", scene: { world: cluster(2), sizes: limited(1400, at("graz")) }, brief: "ulm>graz certain" },
  { name: "a node and a pod", scene: { from: "ulm", sizes: limited(1440, at("graz")) }, brief: "graz certain" },
  {
    name: "two nodes as targets",
    scene: { from: "ulm", to: "graz", sizes: limited(1440, at("graz")) },
    brief: "graz certain",
  },
  {
    name: "a cluster of IPv6",
    scene: { world: inIpv6(cluster(3)), sizes: limited(1400, at("graz")) },
    brief: "graz certain",
  },
  { name: "a third node", scene: { sizes: limited(1400, at("bern")) }, brief: "cleared" },
  { name: "nothing", scene: {}, brief: "cleared" },
  { name: "a wire that takes what is sent", scene: { sizes: limited(1500, () => true) }, brief: "cleared" },
  {
    name: "nodes that could send more than pods do",
    scene: { sizes: { ...limited(1500, () => true), deviceMtu: ({ id }) => (id.startsWith("pod/") ? 1450 : 9000) } },
    brief: "cleared",
  },
  {
    name: "a router that says so",
    scene: {
      sizes: {
        fate: (from, to, bytes): Fate =>
          crossing(from, to) && bytes > 1400 ? { says: "172.20.7.1", mtu: 1400 } : "crosses",
      },
    },
    brief: "cleared",
  },
  {
    name: "a cloud that filters large echoes",
    scene: {
      sizes: {
        fate: (from, to, bytes, what) =>
          crossing(from, to) && what === "echo" && bytes > 1000 ? "vanishes" : "crosses",
      },
    },
    brief: "cleared",
  },
  {
    name: "the same where our port cannot be reached",
    scene: { sizes: { ...limited(1400, at("graz")), closed: () => true } },
    brief: "unknown",
  },
  {
    name: "pods that do not answer echoes at all",
    scene: {
      sizes: {
        fate: (from, to, bytes, what) =>
          what === "echo" || (at("graz")(from, to) && crossing(from, to) && bytes > 1400) ? "vanishes" : "crosses",
      },
    },
    brief: "graz likely",
  },
  {
    name: "a transfer that stalls at every size",
    scene: {
      sizes: {
        fate: (from, to, bytes, what) =>
          crossing(from, to) && (what === "tcp" || bytes > 1400) ? "vanishes" : "crosses",
      },
    },
    brief: "unknown",
  },
  {
    name: "loss of small packets too",
    scene: { faults: [loses(0.2, through("graz"))], sizes: lossy(0.2) },
    brief: "cleared",
  },
  { name: "half of all packets lost", scene: { sizes: lossy(0.3) }, brief: "cleared" },
])("large packets and $name: $brief", ({ scene, brief }) => {
  expect(ask(mtuBlackHole, scene).brief).toBe(brief);
});

/** Every packet between nodes is lost with the same chance, whatever its size; TCP gets through by sending again. */
function lossy(share: number): Sizes {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) / 0x7fffff;
  };
  return {
    fate: (from, to, _, what) => (what === "echo" && crossing(from, to) && random() < share ? "vanishes" : "crosses"),
  };
}

test("it says the size to the byte, the proof and the remedy", () => {
  const { verdict } = ask(mtuBlackHole, { sizes: limited(1400, at("graz")) });
  expect(because(verdict)).toMatch(/up to 1,350 bytes cross/);
  expect(because(verdict)).toMatch(/sent again 4 times in 2\.2 s/);
  expect(because(verdict)).toMatch(/no "fragmentation needed"/);
  expect(because(verdict)).toMatch(/between the nodes at most 1,400 bytes cross, 50 more/);
  expect(verdict).toMatchObject({ confirm: expect.arrayContaining([expect.stringContaining("-s 1322 ")]) });
});

test("a limit that comes and goes has its times", () => {
  const there = limited(1400, at("graz"));
  const sizes: Sizes = {
    ...there,
    fate: (from, to, bytes, what, atS) =>
      atS > 7 && atS < 20 ? (there.fate?.(from, to, bytes, what, atS) ?? "crosses") : "crosses",
  };
  const { verdict, brief } = ask(mtuBlackHole, { seconds: 40, sizes });
  expect(brief).toBe("graz certain");
  expect(because(verdict)).toMatch(/it began about/);
  expect(because(verdict)).toMatch(/it had ended by/);
});

test("while the size is still searched, it says what is known and no more", () => {
  const { verdict, brief } = ask(mtuBlackHole, { sizes: limited(1400, at("graz")), untilS: 3.1 });
  expect(brief).toBe("graz likely");
  expect(because(verdict)).toMatch(/bytes cross, those of 1,\d\d\d bytes and more vanish/);
  expect(because(verdict)).not.toMatch(/up to [\d,]+ bytes cross/);
  if (verdict.status === "suspected") expect(verdict.advice.map((text) => inWords(text)).join()).not.toMatch(/MSS of/);
});

test("commands and advice are those of the path's family", () => {
  const { verdict } = ask(mtuBlackHole, { world: inIpv6(cluster(3)), sizes: limited(1400, at("graz")) });
  if (verdict.status !== "suspected") throw new Error(verdict.status);
  const { confirm, advice } = verdict;
  expect(confirm[0]).toMatch(/^ping -M do -c 3 -s 1302 fd43::/);
  const advised = advice.map((text) => inWords(text)).join("\n");
  expect(advised).toMatch(/MSS of 1,290: ip6tables .*--set-mss 1290/);
  expect(advised).toContain('Let ICMPv6 "packet too big" (type 2) pass');
  expect(because(verdict)).toContain('no "packet too big" came back');
});
