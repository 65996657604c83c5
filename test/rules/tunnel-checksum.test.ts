import { expect, test } from "vitest";
import { tunnelChecksum } from "#src/rules/tunnel-checksum.ts";
import { loses, type Packet, play, type Scene, startOf, through } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { tunnelFacts } from "./tunnel-facts.ts";

/** Wrong checksums that a place counts each second. */
const counting =
  (label: string, name: string, perSecond: number, tunnel = true): NonNullable<Scene["facts"]> =>
  (at, probe, atMs) => {
    if (probe === "counters") {
      const errors = at.label === label ? 50 + Math.round((perSecond * (atMs - startOf)) / 1_000) : 50;
      return `{"kernel":{"IpInReceives":100,"${name}":${errors}}}`;
    }
    return tunnel ? tunnelFacts(at, probe) : undefined;
  };
const tunnelled = loses(
  0.3,
  ({ leg, fromNode, toNode }: Packet) => leg.scope === "overlay" && fromNode !== toNode && toNode === "graz",
);

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "the node throws outer packets away",
    scene: { facts: counting("graz", "UdpInCsumErrors", 8), faults: [tunnelled] },
    want: "graz certain",
  },
  {
    name: "the pod throws inner packets away",
    scene: { facts: counting("shop/api-1", "TcpInCsumErrors", 8), faults: [tunnelled] },
    want: "graz certain",
  },
  // What can fool it.
  { name: "all is well", scene: { facts: counting("graz", "UdpInCsumErrors", 0) }, want: "cleared" },
  {
    name: "errors are counted and nothing is lost",
    scene: { facts: counting("graz", "UdpInCsumErrors", 8) },
    want: "cleared",
  },
  {
    name: "old totals do not move",
    scene: { facts: counting("graz", "UdpInCsumErrors", 0), faults: [tunnelled] },
    want: "cleared",
  },
  {
    name: "the sender counts them",
    scene: { facts: counting("bern", "UdpInCsumErrors", 8), faults: [tunnelled] },
    want: "cleared",
  },
  {
    name: "far fewer than what is lost",
    scene: { facts: counting("graz", "UdpInCsumErrors", 0.2), faults: [tunnelled] },
    want: "cleared",
  },
  {
    name: "packets outside the tunnel are lost as well",
    scene: { facts: counting("graz", "UdpInCsumErrors", 8), faults: [loses(0.3, through("graz"))] },
    want: "cleared",
  },
  {
    name: "there is no tunnel",
    scene: { facts: counting("graz", "UdpInCsumErrors", 8, false), faults: [tunnelled] },
    want: "cleared",
  },
])("tunnel-checksum says $want when $name", ({ scene, want }) => {
  expect(ask(tunnelChecksum, scene).brief).toBe(want);
});

test("it is unknown where the devices were not read, and it stands above the loss", () => {
  const nothing: Scene = {
    facts: (_, probe) => (probe === "links" || probe === "addresses" ? "garbage" : undefined),
    faults: [tunnelled],
  };
  expect(play(nothing).report.unknown.map(({ cause }) => cause)).toContain("tunnel-checksum");
  const scene: Scene = { facts: counting("graz", "UdpInCsumErrors", 8), faults: [tunnelled] };
  expect(because(ask(tunnelChecksum, scene).verdict)).toMatch(/graz threw away \d+ packets with wrong outer checksums/);
  expect(play(scene).report.causes[0]?.cause).toBe("tunnel-checksum");
  expect(play(scene).report.causes.map(({ cause }) => cause)).not.toContain("path-loss");
});
